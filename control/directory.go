package control

import (
	"fmt"

	"sidetone/control/call"
	"sidetone/control/config"
	"sidetone/control/media"
	"sidetone/control/sip"
)

// directory is the stations as SIP and calls know them.
type directory struct {
	accounts map[string]sip.Account
	stations map[string]call.Station
}

func newDirectory(cfg *config.Config) (*directory, error) {
	d := &directory{accounts: make(map[string]sip.Account), stations: make(map[string]call.Station)}
	for _, st := range cfg.Stations {
		security, err := media.ParseSecurity(st.SRTP)
		if err != nil {
			return nil, fmt.Errorf("station %s: %w", st.Tel, err)
		}
		digits, err := call.ParseDigits(st.DTMF)
		if err != nil {
			return nil, fmt.Errorf("station %s: %w", st.Tel, err)
		}
		nat := map[string]sip.NATMode{"auto": sip.NATAuto, "yes": sip.NATYes, "no": sip.NATNo}[st.BehindNAT]
		d.accounts[st.Tel] = sip.Account{Tel: st.Tel, UserID: st.UserID, Name: st.Name, HA1: sip.HA1(st.HA1(cfg.SIP.Realm)), NAT: nat}
		before, outward := "", ""
		switch st.InsertTrunk.Type {
		case "incoming":
			before = st.InsertTrunk.Code
		case "outgoing":
			outward = st.InsertTrunk.Code
		}
		d.stations[st.Tel] = call.Station{
			Tel: st.Tel, Name: st.Name, Music: st.Music,
			PhoneTone: st.ToneSource == "phone", BehindNAT: nat == sip.NATYes, Security: security, Digits: digits,
			Group: st.PickupGroup, Unreachable: st.Unreachable, TransferOnHangup: st.TransferOnHangup, CallWaiting: st.CallWaiting, Recorded: st.Record == "always",
			Before: before, Outward: outward,
		}
	}
	return d, nil
}

// ByTel is for sip.Accounts.
func (d *directory) ByTel(tel string) (sip.Account, bool) {
	a, ok := d.accounts[tel]
	return a, ok
}
