package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"sidetone/bench/peer"
	"sidetone/control/config"
	"sidetone/control/ng/bencode"
)

// proxied is a server whose calls a real Kamailio places through its stock rtpengine module.
type proxied struct {
	*office
	engine netip.AddrPort
	tap    *tap
	proxy  *peer.Kamailio
}

// newProxied starts a server and a proxy; what they say to each other goes through a tap, which loses replies
// as lose says. The zero config is that of the module's manual.
func newProxied(t *testing.T, cfg peer.KamailioConfig, lose func(seen int) bool) *proxied {
	t.Helper()
	peer.Need(t, "kamailio", "sipp")
	p := &proxied{office: newOffice(t, 0, func(c *config.Config) { c.NG.Listen = []string{"udp:127.0.0.1:0"} })}
	p.engine = p.server.NGAddresses()[0]
	p.tap = newTap(t, p.engine, lose)
	p.proxy = startKamailio(t, cfg, p.tap.address())
	return p
}

func startKamailio(t *testing.T, cfg peer.KamailioConfig, engine netip.AddrPort) *peer.Kamailio {
	t.Helper()
	cfg.Engine, cfg.Dir = engine, t.TempDir()
	k, err := peer.StartKamailio(soon(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// dial lets one SIPp call another through the proxy, as often and as both configs say.
func (p *proxied) dial(t *testing.T, caller, callee peer.SIPpConfig) (both []*peer.SIPp) {
	t.Helper()
	b := startSIPp(t, callee)
	if err := b.WaitListening(soon(t)); err != nil {
		t.Fatal(err)
	}
	caller.Server, caller.Domain = p.proxy.Address(), b.Address()
	return []*peer.SIPp{startSIPp(t, caller), b}
}

// played waits for the end of all calls, which must go as the scenarios have them.
func played(t *testing.T, all ...*peer.SIPp) error {
	var errs []error
	for _, s := range all {
		errs = append(errs, s.Wait(t.Context()))
	}
	return errors.Join(errs...)
}

func startSIPp(t *testing.T, cfg peer.SIPpConfig) *peer.SIPp {
	t.Helper()
	cfg.Dir, cfg.Tel, cfg.To = t.TempDir(), "217", "218"
	s, err := peer.StartSIPp(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// sessions is how many calls the ng server has.
func (p *proxied) sessions(t *testing.T) int64 {
	t.Helper()
	n, ok := ask(t, p.engine, ngRequest("command", "statistics")).Get("statistics").Get("currentstatistics").Get("sessionstotal").Int()
	if !ok {
		t.Fatal("no sessionstotal in the statistics")
	}
	return n
}

// counted is one of the ng server's counters.
func (p *proxied) counted(t *testing.T, name string) int64 {
	t.Helper()
	n, ok := ask(t, p.engine, ngRequest("command", "statistics")).Get("statistics").Get("controlstatistics").Get(name).Int()
	if !ok {
		t.Fatalf("no %s in the statistics", name)
	}
	return n
}

// nothingLeft checks that neither side remembers a call, that no port is taken, and that nobody complained.
func (p *proxied) nothingLeft(t *testing.T) {
	t.Helper()
	p.settled(t)
	eventually(t, "no session in the ng server", func() bool { return p.sessions(t) == 0 })
	if list := ask(t, p.engine, ngRequest("command", "list")).Get("calls"); list.Kind() != bencode.List || list.Len() != 0 {
		t.Errorf("calls listed: %d", list.Len())
	}
	eventually(t, "no transaction and no session in the proxy", func() bool {
		transactions, sessions, err := p.proxy.Busy(soon(t))
		check(t, err)
		return transactions == 0 && sessions == 0
	})
	p.nobodyComplains(t)
}

func (p *proxied) nobodyComplains(t *testing.T) {
	t.Helper()
	complaints, err := p.proxy.Complaints()
	check(t, err)
	if complaints = append(complaints, p.log.lines(slog.LevelWarn, slog.LevelError)...); len(complaints) > 0 {
		t.Errorf("%d complaints:\n%s", len(complaints), strings.Join(complaints[:min(len(complaints), 10)], "\n"))
	}
	if n := p.counted(t, "errorcount"); n != 0 {
		t.Errorf("%d requests were answered with an error", n)
	}
}

// echoed checks that in every call all that the speaker said came in, and came in again from the side that echoes.
func (p *proxied) echoed(t *testing.T, calls int, voice time.Duration) {
	t.Helper()
	reports, err := p.proxy.Media()
	check(t, err)
	if len(reports) != calls {
		t.Errorf("%d reports of %d calls", len(reports), calls)
	}
	packets, lost := int(voice/(20*time.Millisecond)), 0
	for _, r := range reports {
		least, most := r.Packets()
		var bytes, total, errors int // asked for a moment later
		_, err := fmt.Sscanf(r.Total, "RTP: %d bytes, %d packets, %d errors; RTCP: ", &bytes, &total, &errors)
		// SIPp's one socket for all calls may overflow on a busy machine; silence it is not.
		if err != nil || least < packets/2 || most > packets || total < least+most || total > 2*packets || bytes != 172*total || errors != 0 {
			t.Errorf("call %s: %d and %d packets, want %d; the module says %q, %v", r.CallID, least, most, packets, r.Total, err)
		}
		lost += 2*packets - least - most
	}
	if lost*100 > 2*packets*calls {
		t.Errorf("%d of %d packets lost", lost, 2*packets*calls)
	}
}

// TestKamailioCallsWithMedia: of 1,000 calls every one has media both ways and is gone when it has been hung up. In
// half of them the caller speaks and the callee echoes, in the others it is the other way round.
func TestKamailioCallsWithMedia(t *testing.T) {
	// SIPp gives calls up when it is not let run for seconds; what the server must show is one good run of three.
	for range 3 {
		all, err := thousandCalls(t)
		if err == nil {
			return
		}
		if !slices.ContainsFunc(all, (*peer.SIPp).Starved) {
			t.Fatal(err)
		}
		t.Logf("not this time, SIPp was starved: %.300s", err)
	}
	t.Error("SIPp was starved each time")
}

// thousandCalls returns an error when SIPp was not content; all else it reports itself.
func thousandCalls(t *testing.T) (all []*peer.SIPp, err error) {
	const warm, calls, rate, voice = 50, 500, 30, 400 * time.Millisecond // the latter of each of two pairs
	p := newProxied(t, peer.KamailioConfig{}, nil)
	each := peer.SIPpConfig{Calls: warm, Rate: 2 * rate, Voice: voice, Pause: 2 * voice, Timeout: time.Minute}
	dial := func(caller, callee string) []*peer.SIPp {
		a, b := each, each
		a.Scenario, b.Scenario = caller, callee
		return p.dial(t, a, b)
	}
	all = dial(peer.SIPpSpeak, peer.SIPpAnswer)
	if err := played(t, all...); err != nil {
		return all, err
	}
	p.nothingLeft(t)

	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors(t)
	start, most := time.Now(), int64(0)
	each.Calls, each.Rate, each.Pause = calls, rate, 3*time.Second
	all = append(dial(peer.SIPpSpeak, peer.SIPpAnswer), dial(peer.SIPpCall, peer.SIPpAnswerSpeak)...)
	ended := make(chan error)
	go func() { ended <- played(t, all...) }() // ends with the last SIPp; waited for below
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for watching := true; watching; {
		most = max(most, p.sessions(t))
		select {
		case err = <-ended:
			watching = false
		case <-tick.C:
		}
	}
	if err != nil {
		p.proxy.Close()
		p.stop()
		return all, err
	}
	p.echoed(t, warm+2*calls, voice)
	p.nothingLeft(t)
	if most < 100 {
		t.Errorf("no more than %d calls at once", most)
	}
	const idle = 16 // workers that the ng server keeps
	eventually(t, "goroutines back at the baseline", func() bool { return runtime.NumGoroutine() <= goroutines+1+idle })
	eventually(t, "descriptors back at the baseline", func() bool { return openDescriptors(t) <= descriptors+1 })
	t.Logf("%d calls in %v, up to %d at once", 2*calls, time.Since(start).Round(time.Second), most)
	return all, nil
}
