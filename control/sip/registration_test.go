package sip

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// registration runs a registration of ours for the test; stop ends it and waits.
func registration(t *testing.T, s *Stack, c RegistrationConfig) (states chan RegistrationState, stop func()) {
	t.Helper()
	states = make(chan RegistrationState, 64)
	c.OnChange = func(st RegistrationState) { states <- st }
	c.AOR = gosip.Uri{Scheme: "sip", User: "217", Host: "carrier.example"}
	if c.Credentials == (Credentials{}) {
		c.Credentials = Credentials{"s217", "p217"}
	}
	r, err := s.NewRegistration(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }() // stopped and waited for by stop
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return states, stop
}

func outcome(t *testing.T, states chan RegistrationState) RegistrationState {
	t.Helper()
	select {
	case st := <-states:
		return st
	case <-time.After(20 * time.Second):
		t.Fatal("nothing became of the registration")
		return RegistrationState{}
	}
}

func TestRegistrationOverEveryTransport(t *testing.T) {
	for _, transport := range []string{UDP, TCP} {
		t.Run(transport, func(t *testing.T) {
			carrier := serve(t, Config{Accounts: stations{}, OfferSHA256: true})
			s := serve(t, Config{})
			states, stop := registration(t, s, RegistrationConfig{
				Servers: []gosip.Uri{carrier.uri(t, transport, "")}, Expires: 300 * time.Second, Contact: "line-1",
			})
			defer stop()
			st := outcome(t, states)
			if !st.Registered || st.Expires != 300*time.Second || st.Code != 200 || st.Flow.Transport != transport {
				t.Fatalf("%+v", st)
			}
			if b := carrier.Registrar().Lookup("217"); len(b) != 1 || b[0].Registered.User != "line-1" || b[0].BehindNAT {
				t.Fatalf("%+v", b)
			}
			stop()
			if st := outcome(t, states); st.Registered || st.Code != 200 {
				t.Errorf("%+v", st)
			}
			if b := carrier.Registrar().Lookup("217"); len(b) != 0 {
				t.Errorf("still registered: %+v", b)
			}
		})
	}
}

func TestRegistrationRefreshesAndTakesMinExpires(t *testing.T) {
	carrier := serve(t, Config{Accounts: stations{}, Registrar: RegistrarConfig{MinExpires: 2 * time.Second}})
	s := serve(t, Config{})
	states, stop := registration(t, s, RegistrationConfig{Servers: []gosip.Uri{carrier.uri(t, UDP, "")}, Expires: time.Second})
	defer stop()
	for range 2 { // the second is the refresh, at 4/5 of the two seconds
		if st := outcome(t, states); !st.Registered || st.Expires != 2*time.Second {
			t.Fatalf("%+v", st)
		}
	}
}

func TestRegistrationFailsOver(t *testing.T) {
	silent := newRaw(t, serve(t, Config{}), UDP) // a socket that answers nothing
	carrier := serve(t, Config{Accounts: stations{}})
	s := serve(t, Config{})
	dead := gosip.Uri{Scheme: "sip", Host: "127.0.0.1", Port: int(silent.addr().Port())}
	nowhere := gosip.Uri{Scheme: "sip", Host: "nowhere.invalid", Port: 5060}
	states, stop := registration(t, s, RegistrationConfig{
		Servers: []gosip.Uri{dead, nowhere, carrier.uri(t, TCP, "")}, Timeout: 200 * time.Millisecond,
	})
	defer stop()
	st := outcome(t, states)
	if !st.Registered || st.Hop.Addr != carrier.addr(t, TCP) {
		t.Fatalf("%+v", st)
	}
	// The connection breaks: registered anew at once, and not when it would be due.
	carrier.mu.Lock()
	for c := range carrier.streams {
		go c.close() // ends by itself; close takes the lock held here
	}
	carrier.mu.Unlock()
	if st := outcome(t, states); !st.Registered || !st.Flow.Alive() {
		t.Fatalf("%+v", st)
	}
}

func TestRegistrationBacksOff(t *testing.T) {
	carrier := serve(t, Config{Accounts: stations{}})
	s := serve(t, Config{})
	states, stop := registration(t, s, RegistrationConfig{
		Servers: []gosip.Uri{carrier.uri(t, UDP, "")}, Credentials: Credentials{"s217", "wrong"},
		Retry: 10 * time.Millisecond, RetryMax: 40 * time.Millisecond,
	})
	defer stop()
	for i, most := range []time.Duration{10, 20, 40, 40} {
		st := outcome(t, states)
		most *= time.Millisecond
		if st.Registered || st.Code != 401 && st.Code != 403 || st.Err == nil || st.Retry > most || st.Retry < most/2 {
			t.Errorf("attempt %d: %+v", i, st)
		}
	}
}

func TestRegistrationWantsAServer(t *testing.T) {
	s := serve(t, Config{})
	if _, err := s.NewRegistration(RegistrationConfig{}); err == nil || errors.Is(err, context.Canceled) {
		t.Error("no server was accepted")
	}
}
