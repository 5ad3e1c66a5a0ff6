package config

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// firstTel is the number of the first station that Generate makes.
const firstTel = 217

// Account is what is put into a phone.
type Account struct {
	Tel, UserID, Password string
}

// Generate writes the text of a first configuration, for a machine with that address and a number of
// stations from 217 on, with user ids and random passwords. The accounts are returned too, for the
// text is the only other place they are shown.
func Generate(machine netip.Addr, stations int) (text []byte, accounts []Account) {
	everywhere := "0.0.0.0"
	if machine.Is6() {
		everywhere = "[::]"
	}
	var b strings.Builder
	fmt.Fprintf(&b, generatedHead, everywhere, everywhere)
	if own := machineNetwork(machine); !contained(own, Default().SIP.Whitelist.Networks) {
		b.WriteString("  whitelist:\n    networks:      # who may speak to us; the last is this machine's own network\n")
		for _, n := range append(Default().SIP.Whitelist.Networks, own) {
			fmt.Fprintf(&b, "      - %q\n", n)
		}
	}
	fmt.Fprintf(&b, generatedMedia, machine)
	for i := range stations {
		tel := fmt.Sprint(firstTel + i)
		a := Account{Tel: tel, UserID: "s" + tel, Password: randomPassword()}
		fmt.Fprintf(&b, "  - {tel: %q, user_id: %s, password: %q}\n", a.Tel, a.UserID, a.Password)
		accounts = append(accounts, a)
	}
	b.WriteString(generatedTail)
	return []byte(b.String()), accounts
}

// machineNetwork is the subnet of one of the machine's addresses, else the address alone.
func machineNetwork(machine netip.Addr) netip.Prefix {
	all, _ := net.InterfaceAddrs() // none: the address alone
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr() == machine {
			return p.Masked()
		}
	}
	return netip.PrefixFrom(machine, machine.BitLen())
}

// contained reports whether a network lies within one of the others.
func contained(p netip.Prefix, others []netip.Prefix) bool {
	return slices.ContainsFunc(others, func(o netip.Prefix) bool { return o.Bits() <= p.Bits() && o.Contains(p.Addr()) })
}

// randomPassword has 60 bits in characters that are easy to tell apart and to type on a phone.
func randomPassword() string {
	const alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = alphabet[b[i]%32]
	}
	return string(b)
}

const generatedHead = `# sidetone's configuration, written at the first start. It holds passwords: keep it to yourself.
# Keys that are not here have their defaults; ` + "`sidetone check FILE`" + ` tells what is wrong with a file.

sip:
  listen: ["udp:%s:5060", "tcp:%s:5060"]
`

const generatedMedia = `
media:
  interfaces:
    # The address phones send their voice to, one of this machine's own, and the ports for it: four a call.
    - {name: lan, address: "%s", ports: 20000-29999}

# The phones' accounts. A phone is given tel as its number, user_id as its authentication user and the
# password; its server is the address above, port 5060.
stations:
`

const generatedTail = `
conference:
  members: 5      # of a conference made by dialling 46 while a call is on hold
  rooms:
    - {number: "700", members: 32}      # a conference everybody can dial into
`
