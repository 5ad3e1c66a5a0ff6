package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sidetone/bench/netlab"
	"sidetone/bench/phone"
	"sidetone/control/api"
)

// The addresses of an arena. The server and its office are on a public network, so that an address of the villa is
// what it is to a server on the internet: private, and of no use.
var (
	arenaServer = netip.MustParsePrefix("203.0.113.1/24")
	arenaRouter = netip.MustParsePrefix("203.0.113.2/24")
	arenaOffice = netip.MustParsePrefix("203.0.113.100/24") // the first of arenaPhones
	arenaMugger = netip.MustParsePrefix("203.0.113.66/24")
	arenaHome   = netip.MustParsePrefix("192.168.7.1/24")
	arenaVilla  = netip.MustParsePrefix("192.168.7.100/24") // the first of arenaPhones
	arenaLodger = netip.MustParsePrefix("192.168.7.66/24")
)

const (
	arenaPhones     = 100 // addresses for phones in the office, and in the villa
	arenaFirstPort  = 20000
	arenaLastPort   = 21999
	arenaGeneration = 1000 // numbers of a generation of stations: 1000, 2000, ...
)

// arena is a server process on a street with an office, an attacker, and a NAT with a villa and another attacker.
type arena struct {
	server, office, villa, mugger, lodger *netlab.Host
	nat                                   *netlab.NAT
	process                               *netlab.Process
	log                                   string
	client                                http.Client
}

// newArena starts the server, on sockets of a kind, with further settings of sip and generations of arenaPhones stations
// each. The test ends it.
func newArena(t *testing.T, sockets, sip string, generations []string) *arena {
	t.Helper()
	lab := netlab.New()
	t.Cleanup(func() { check(t, lab.Close()) })
	street, err := lab.Switch("street")
	check(t, err)
	home, err := lab.Switch("home")
	check(t, err)
	a := &arena{log: filepath.Join(t.TempDir(), "server.log")}
	a.nat, err = lab.NAT("nat", street, arenaRouter, home, arenaHome)
	check(t, err)
	for _, h := range []struct {
		host      **netlab.Host
		name      string
		on        *netlab.Switch
		gateway   bool
		addresses []netip.Prefix
	}{
		{&a.server, "server", street, false, []netip.Prefix{arenaServer}},
		{&a.office, "office", street, false, inRow(arenaOffice, arenaPhones)},
		{&a.mugger, "mugger", street, false, []netip.Prefix{arenaMugger}},
		{&a.villa, "villa", home, true, inRow(arenaVilla, arenaPhones)},
		{&a.lodger, "lodger", home, true, []netip.Prefix{arenaLodger}},
	} {
		*h.host, err = lab.Host(h.name, h.on, h.addresses...)
		check(t, err)
		if h.gateway {
			check(t, (*h.host).Gateway(a.nat.Inner()))
		}
	}
	a.client.Transport = &http.Transport{DialContext: a.server.DialContext, DisableKeepAlives: true}
	a.serve(t, sockets, sip, generations)
	return a
}

// inRow lists n addresses from the first on.
func inRow(first netip.Prefix, n int) []netip.Prefix {
	list := []netip.Prefix{first}
	for a := first.Addr(); len(list) < n; {
		a = a.Next()
		list = append(list, netip.PrefixFrom(a, first.Bits()))
	}
	return list
}

// serve starts the server, whose generation g of stations has the numbers from (g+1)*arenaGeneration on and the
// settings generations[g].
func (a *arena) serve(t *testing.T, sockets, sip string, generations []string) {
	t.Helper()
	dir := t.TempDir()
	var c strings.Builder
	fmt.Fprintf(&c, "sip: {listen: [\"udp:%s:5060\"], max_stations: 10000, whitelist: {enabled: false}%s}\n", arenaServer.Addr(), sip)
	fmt.Fprintf(&c, "media: {sockets: %s, interfaces: [{name: street, address: %s, ports: %d-%d}]}\n", sockets, arenaServer.Addr(), arenaFirstPort, arenaLastPort)
	fmt.Fprintf(&c, "api: {listen: 127.0.0.1:8080}\nstore: {dir: %q}\nstations:\n", filepath.Join(dir, "state"))
	for g, settings := range generations {
		for i := range arenaPhones {
			tel := arenaTel(g, i)
			fmt.Fprintf(&c, "  - {tel: %q, user_id: s%s, password: secret-%s, music: \"\", %s}\n", tel, tel, tel, settings)
		}
	}
	file := filepath.Join(dir, "sidetone.yaml")
	write(t, file, c.String())
	out, err := os.Create(a.log)
	check(t, err)
	defer out.Close()
	program, err := os.Executable()
	check(t, err)
	cmd := exec.Command(program, "serve", "-c", file)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), asProgram+"=1"), out, out
	a.process, err = a.server.Start(cmd)
	check(t, err)
	t.Cleanup(func() {
		if err := a.process.Stop(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
		if t.Failed() {
			t.Logf("the server said at last\n%s", a.logged(t))
		}
	})
	eventually(t, "the server is ready", func() bool {
		select {
		case <-a.process.Ended():
			t.Fatalf("the server has ended:\n%s", a.logged(t))
		default:
		}
		res, err := a.client.Get("http://127.0.0.1:8080/readyz")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

func arenaTel(generation, i int) string { return fmt.Sprint((generation+1)*arenaGeneration + i) }

// logged returns the end of what the server said.
func (a *arena) logged(t *testing.T) string {
	b, err := os.ReadFile(a.log)
	check(t, err)
	lines := bytes.Split(b, []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-40):], []byte("\n")))
}

// calls asks the API for the running calls.
func (a *arena) calls(t *testing.T) []api.Call {
	t.Helper()
	res, err := a.client.Get("http://127.0.0.1:8080/v1/calls")
	check(t, err)
	defer res.Body.Close()
	var list api.Calls
	check(t, json.NewDecoder(res.Body).Decode(&list))
	return list.Calls
}

// phone opens a phone on a host and registers it. stop ends it; it may be called more than once.
func (a *arena) phone(t *testing.T, on *netlab.Host, c phone.Config) (p *phone.Phone, stop func(), err error) {
	c.Server, c.Incoming, c.Deaf = arenaServer.Addr().String(), phone.Auto, true
	c.UserID, c.Password = "s"+c.Tel, "secret-"+c.Tel
	if err := on.Do(func() (err error) { p, err = phone.New(c); return err }); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // ended by stop, waited for there; it stays on the host, where its calls open sockets
		defer close(done)
		if err := on.Enter(); err != nil {
			t.Error(err)
			return
		}
		_ = p.Run(ctx)
	}()
	stop = sync.OnceFunc(func() {
		_ = p.Unregister(soon(t)) // as phones do that go; the next one of the number need not care
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return p, stop, p.Register(soon(t))
}

// each does something for 0 to n-1, some at a time, and returns when all is done.
func each(n, atATime int, do func(i int)) {
	var wg sync.WaitGroup
	defer wg.Wait()
	next := make(chan int)
	defer close(next)
	for range atATime {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
}

// quiet waits until nothing has changed for a while.
func quiet(t *testing.T, read func() int) {
	t.Helper()
	last, since := read(), time.Now()
	eventually(t, "nothing comes any more", func() bool {
		if n := read(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > 80*time.Millisecond
	})
}

// sockets returns what the server said about its media sockets.
func (a *arena) sockets(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(a.log)
	check(t, err)
	_, line, _ := strings.Cut(string(b), `msg="media sockets" `)
	line, _, _ = strings.Cut(line, "\n")
	return line
}
