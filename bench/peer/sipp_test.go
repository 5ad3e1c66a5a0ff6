package peer

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"sidetone/bench/phone"
)

func startSIPp(t *testing.T, cfg SIPpConfig) *SIPp {
	t.Helper()
	cfg.Dir = t.TempDir()
	s, err := StartSIPp(cfg)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSIPpCallsSIPp(t *testing.T) {
	Need(t, "sipp")
	for caller, callee := range map[string]string{SIPpCall: SIPpAnswer, SIPpHold: SIPpAnswer, SIPpCancel: SIPpRing, SIPpBusy: SIPpRefuse} {
		t.Run(caller, func(t *testing.T) {
			t.Parallel()
			b := startSIPp(t, SIPpConfig{Scenario: callee, Tel: "218"})
			must(t, b.WaitListening(within(t, 10*time.Second)))
			server := strings.TrimPrefix(b.URI(), "sip:218@")
			a := startSIPp(t, SIPpConfig{Scenario: caller, Server: server, Tel: "217", To: "218", Pause: 100 * time.Millisecond})
			ctx := within(t, 30*time.Second)
			must(t, errors.Join(a.Wait(ctx), b.Wait(ctx)))
		})
	}
}

func TestSIPpAndBenchPhone(t *testing.T) {
	Need(t, "sipp")
	p, err := phone.New(phone.Config{Tel: "217", Tone: voices[0], Incoming: phone.Auto, RingFor: 100 * time.Millisecond})
	must(t, err)
	stopped := make(chan error, 1)
	go func() { stopped <- p.Run(context.Background()) }() // stopped and waited for below
	t.Cleanup(func() {
		p.Close()
		must(t, <-stopped)
	})
	ctx := within(t, 40*time.Second)
	here := p.Address().String()
	for _, scenario := range []string{SIPpCall, SIPpHold} {
		must(t, RunSIPp(ctx, SIPpConfig{Scenario: scenario, Server: here, Tel: "218", To: "217", Pause: 100 * time.Millisecond, Dir: t.TempDir()}))
	}
	p.SetIncoming(phone.Busy)
	must(t, RunSIPp(ctx, SIPpConfig{Scenario: SIPpBusy, Server: here, Tel: "218", To: "217", Dir: t.TempDir()}))
	p.SetIncoming(phone.Manual)
	must(t, RunSIPp(ctx, SIPpConfig{Scenario: SIPpCancel, Server: here, Tel: "218", To: "217", Dir: t.TempDir()}))

	b := startSIPp(t, SIPpConfig{Scenario: SIPpAnswer, Tel: "218"})
	must(t, b.WaitListening(within(t, 10*time.Second)))
	call, err := p.Call(ctx, b.URI())
	must(t, err)
	must(t, call.Hold(ctx, phone.SendOnly))
	must(t, call.Resume(ctx))
	must(t, call.Hangup(ctx))
	must(t, b.Wait(ctx))
}

// registrar challenges everything and then knows the password of one account and no number.
func registrar(t *testing.T) (address string) {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	done := make(chan struct{})
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	go func() { // ends with the socket; the clean-up waits for it
		defer close(done)
		b := make([]byte, 65536)
		for {
			n, source, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			m, err := sip.ParseMessage(bytes.Clone(b[:n]))
			request, ok := m.(*sip.Request)
			if err != nil || !ok || request.IsAck() {
				continue
			}
			response := sip.NewResponseFromRequest(request, 401, "Unauthorized", nil)
			response.AppendHeader(sip.NewHeader("WWW-Authenticate", `Digest realm="r", nonce="n", algorithm=MD5, qop="auth"`))
			if h := request.GetHeader("Authorization"); h != nil {
				got, err := digest.ParseCredentials(h.Value())
				if err != nil {
					continue
				}
				want, err := digest.Digest(&digest.Challenge{Realm: "r", Nonce: "n", QOP: []string{"auth"}, Algorithm: "MD5"},
					digest.Options{Method: string(request.Method), URI: got.URI, Username: "u217", Password: "secret1", Count: got.Nc, Cnonce: got.Cnonce})
				if err == nil && want.Response == got.Response {
					response = sip.NewResponseFromRequest(request, 200, "OK", nil)
					if request.IsInvite() {
						response = sip.NewResponseFromRequest(request, 404, "Not Found", nil)
					}
				}
			}
			_, _ = conn.WriteToUDPAddrPort([]byte(response.String()), source) // who is gone needs no answer
		}
	}()
	return conn.LocalAddr().String()
}

func TestSIPpAnswersChallenges(t *testing.T) {
	Need(t, "sipp")
	server := registrar(t)
	for _, c := range []struct {
		scenario, password string
		ok                 bool
	}{
		{SIPpRegister, "secret1", true},
		{SIPpUnregister, "secret1", true},
		{SIPpUnknown, "secret1", true},
		{SIPpWrongPassword, "wrong12", true},
		{SIPpRegister, "wrong12", false},
		{SIPpWrongPassword, "secret1", false},
		{SIPpCall, "secret1", false},
	} {
		t.Run(c.scenario+" with "+c.password, func(t *testing.T) {
			t.Parallel()
			err := RunSIPp(within(t, 30*time.Second), SIPpConfig{Scenario: c.scenario, Server: server, Tel: "217", To: "999", UserID: "u217", Password: c.password, Dir: t.TempDir(), Timeout: 8 * time.Second})
			if (err == nil) != c.ok {
				t.Errorf("ok %t, want %t: %v", err == nil, c.ok, err)
			}
			if err != nil && !strings.Contains(err.Error(), "REGISTER") && !strings.Contains(err.Error(), "INVITE") {
				t.Errorf("the error does not show the messages: %v", err)
			}
		})
	}
}

func TestSIPpThatHangsIsKilled(t *testing.T) {
	Need(t, "sipp")
	s := startSIPp(t, SIPpConfig{Scenario: SIPpAnswer, Tel: "218"})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestSIPpUnknownScenario(t *testing.T) {
	Need(t, "sipp")
	if _, err := StartSIPp(SIPpConfig{Scenario: "none", Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("got %v", err)
	}
}
