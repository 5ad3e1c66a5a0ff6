package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/phone"
)

// Account is a station of the server.
type Account struct {
	Tel, UserID, Password string
}

// Target says where the server is and what it should do.
type Target struct {
	Server         string        // host:port
	Domain         string        // host of the stations' URIs; default Server
	Transport      string        // "udp" (default) or "tcp"
	Accounts       []Account     // six
	Unknown        string        // a number nobody has; default "99999"
	ConferenceCode string        // default "46"
	MediaTimeout   time.Duration // after which the server gives a silent phone up
	HoldTone       []float64     // Hz of the tone a held party hears; nil = whatever is not silence
}

// playout is the jitter the demo's phones bear.
const playout = 60 * time.Millisecond

// The checks, in the order of the report.
const (
	checkRegister   = "six phones register"
	checkRinging    = "the caller hears of the ringing before the answer"
	checkCall       = "a call is heard both ways"
	checkHeld       = "the held phone hears hold tone, not the holder"
	checkHolder     = "the holder does not hear the held phone"
	checkResume     = "after the resume both hear each other"
	checkRelay      = "relay adds less than 5 ms"
	checkUnknown    = "an unknown number gets 404"
	checkBusy       = "a busy phone gets the caller 486"
	checkCancel     = "a cancelled call stops ringing"
	checkTranscode  = "A-law and mu-law phones hear each other at the right level"
	checkConference = "a conference of five is built by the feature code"
	checkEveryone   = "everyone hears the four others"
	checkOwn        = "nobody hears itself (40 dB below the others)"
	checkSpread     = "the tones are within 1 dB of each other"
	checkGaps       = "no gap over 40 ms"
	checkMouth      = "mouth to ear under 120 ms"
	checkSixth      = "a sixth member is refused"
	checkGlitch     = "the five hear no glitch meanwhile"
	checkVanished   = "a phone that vanished is removed by the media timeout"
	checkRest       = "the rest go on"
	checkEnd        = "all calls end clean"
)

var (
	callChecks       = []string{checkRinging, checkCall, checkHeld, checkHolder, checkResume, checkRelay}
	refusalChecks    = []string{checkUnknown, checkBusy, checkCancel}
	transcodeChecks  = []string{checkTranscode}
	conferenceChecks = []string{checkConference, checkEveryone, checkOwn, checkSpread, checkGaps, checkMouth,
		checkSixth, checkGlitch, checkVanished, checkRest}
	allChecks = slices.Concat([]string{checkRegister}, callChecks, refusalChecks, transcodeChecks, conferenceChecks, []string{checkEnd})
)

// Demo plays the main job against a running server: register, call, hold, resume, transcode, confer. It
// calls progress, which may be nil, with what is going on and the part that is done (0 to 1).
func Demo(ctx context.Context, target Target, progress func(step string, fraction float64)) Report {
	if target.Unknown == "" {
		target.Unknown = "99999"
	}
	if target.ConferenceCode == "" {
		target.ConferenceCode = "46"
	}
	if target.MediaTimeout == 0 {
		target.MediaTimeout = 3 * time.Second
	}
	r := &run{target: target, progress: progress, started: time.Now(), checks: map[string]Check{}}
	live, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	r.part(ctx, allChecks, func(ctx context.Context) error {
		if err := r.openPhones(); err != nil {
			return err
		}
		for _, p := range r.phones {
			running.Go(func() { _ = p.Run(live) }) // stop ends it, running waits for it; it has no errors
		}
		r.begin("registering")
		if err := r.register(ctx); err != nil {
			return err
		}
		a, b, c, d, e, f := r.phones[0], r.phones[1], r.phones[2], r.phones[3], r.phones[4], r.phones[5]
		r.begin("calling, holding, transcoding, refusing")
		var together sync.WaitGroup // three parts that do not disturb each other
		together.Go(func() {
			r.part(ctx, callChecks, func(ctx context.Context) error { return r.callAndHold(ctx, a, b) })
		})
		together.Go(func() {
			r.part(ctx, transcodeChecks, func(ctx context.Context) error { return r.transcoding(ctx, c, d) })
		})
		together.Go(func() {
			r.part(ctx, refusalChecks, func(ctx context.Context) error { return r.refusals(ctx, e, f) })
		})
		together.Wait()
		if err := r.hangUpAll(ctx); err != nil { // a part that failed may have left calls
			return err
		}
		r.part(ctx, conferenceChecks, func(ctx context.Context) error { return r.conference(ctx, a, []*phone.Phone{b, c, d, e}, f) })
		r.begin("hanging up")
		r.ending(ctx)
		return nil
	})
	return r.finish()
}

// openPhones makes the phones: the first two and the last speak both laws, the third A-law and the
// fourth mu-law only.
func (r *run) openPhones() error {
	if len(r.target.Accounts) < 6 {
		return fmt.Errorf("the demo needs six accounts, not %d", len(r.target.Accounts))
	}
	ledger := phone.NewLedger()
	for i, hz := range audio.Voices() {
		account := r.target.Accounts[i]
		codecs := []phone.Codec{phone.PCMU, phone.PCMA}
		switch i {
		case 2:
			codecs = codecs[1:]
		case 3:
			codecs = codecs[:1]
		}
		p, err := phone.New(phone.Config{
			Server: r.target.Server, Domain: r.target.Domain, Transport: r.target.Transport,
			Tel: account.Tel, UserID: account.UserID, Password: account.Password,
			Codecs: codecs, Tone: hz, Level: speech, Playout: playout, Ledger: ledger,
			Incoming: phone.Auto, RingFor: 300 * time.Millisecond,
		})
		if err != nil {
			for _, open := range r.phones {
				open.Close()
			}
			r.phones = nil
			return err
		}
		r.phones = append(r.phones, p)
	}
	return nil
}

// all does one thing with every phone at once and returns what went wrong.
func (r *run) all(do func(p *phone.Phone) error) []string {
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		errors []string
	)
	for _, p := range r.phones {
		wg.Go(func() {
			if err := do(p); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errors = append(errors, err.Error())
			}
		})
	}
	wg.Wait()
	slices.Sort(errors)
	return errors
}

func (r *run) register(ctx context.Context) error {
	begin := time.Now()
	failed := r.all(func(p *phone.Phone) error {
		limited, cancel := soon(ctx)
		defer cancel()
		return p.Register(limited)
	})
	if failed != nil {
		r.check(checkRegister, false, "%s", strings.Join(failed, "; "))
		return fmt.Errorf("not all phones are registered")
	}
	r.check(checkRegister, true, "%d in %v", len(r.phones), time.Since(begin).Round(time.Millisecond))
	return nil
}

// hangUpAll ends whatever calls there are, and counts those of which the server did not agree.
func (r *run) hangUpAll(ctx context.Context) error {
	failed := r.all(func(p *phone.Phone) error {
		var first error
		for _, c := range p.Calls() {
			limited, cancel := soon(ctx)
			if err := c.Hangup(limited); err != nil && first == nil {
				first = err
			}
			cancel()
		}
		return first
	})
	if failed != nil {
		return fmt.Errorf("%s", strings.Join(failed, "; "))
	}
	return nil
}

// ending hangs up and unregisters; nothing may be left.
func (r *run) ending(ctx context.Context) {
	calls := 0
	for _, p := range r.phones {
		calls += len(p.Calls())
	}
	hangup := r.hangUpAll(ctx)
	failed := r.all(func(p *phone.Phone) error {
		limited, cancel := soon(ctx)
		defer cancel()
		return p.Unregister(limited)
	})
	if hangup != nil {
		failed = append(failed, hangup.Error())
	}
	for _, p := range r.phones {
		for _, c := range p.Calls() {
			failed = append(failed, fmt.Sprintf("%s still has a call %s", p.Tel(), c.Status().State))
		}
	}
	if failed != nil {
		r.check(checkEnd, false, "%s", strings.Join(failed, "; "))
		return
	}
	r.check(checkEnd, true, "%d hung up and agreed, six phones unregistered", calls)
}
