package peer

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// scenarios are SIPp's scripts. They use the keywords tel (own number), to (number called) and domain.
//
//go:embed sipp/*.xml
var scenarios embed.FS

// The scenarios, by what happens in them.
const (
	SIPpRegister      = "register"       // REGISTER, 401, REGISTER with credentials, 200
	SIPpUnregister    = "unregister"     // the same with Expires 0
	SIPpWrongPassword = "wrong_password" // REGISTER, 401, REGISTER, 401 or 403: never 200
	SIPpCall          = "call"           // INVITE, 200, ACK, a pause, BYE, 200; a challenge is answered
	SIPpLateOffer     = "late_offer"     // SIPpCall with the offer in the 200 and the answer in the ACK
	SIPpHold          = "hold"           // SIPpCall with re-INVITEs to hold (sendonly) and to resume
	SIPpUnknown       = "unknown"        // INVITE, 404
	SIPpBusy          = "busy"           // INVITE, 486
	SIPpCancel        = "cancel"         // INVITE, 180, CANCEL, 200, 487
	SIPpAnswer        = "answer"         // waits for an INVITE, 180, 200, re-INVITEs, BYE
	SIPpPrompt        = "prompt"         // SIPpAnswer without a pause, whatever crosses its 200
	SIPpHasty         = "hasty"          // SIPpPrompt that sends BYE as soon as it is acknowledged
	SIPpEarly         = "early"          // SIPpAnswer with early media: 183 with SDP before the 200
	SIPpRing          = "ring"           // waits for an INVITE, 180, then for the CANCEL
	SIPpNoAnswer      = "no_answer"      // INVITE, 180, 408
	SIPpRefuse        = "refuse"         // waits for an INVITE, 486
	SIPpDown          = "down"           // waits for an INVITE, 503
	SIPpChallenge     = "challenge"      // waits for an INVITE, 407, one with an answer, 180, 200, BYE; REGISTER, 200
	SIPpSpeak         = "speak"          // INVITE, 200, ACK, speaks for Voice, a pause, BYE, 200
	SIPpAnswerSpeak   = "answer_speak"   // waits for an INVITE, 180, 200, ACK, speaks for Voice, BYE
	SIPpPrackCall     = "prack_call"     // SIPpCall that requires 100rel: 180 with RSeq, PRACK, 200
	SIPpPrackAnswer   = "prack_answer"   // SIPpAnswer that does
	SIPpTimerUAC      = "timer_uac"      // SIPpCall with a session timer that it refreshes itself, by UPDATE
	SIPpTimerUAS      = "timer_uas"      // SIPpCall with a session timer that the server refreshes
	SIPpTimerBrief    = "timer_brief"    // INVITE with a session of 30 s, 422
	SIPpTimerDemand   = "timer_demand"   // SIPpAnswer that wants a session of an hour: 422, then 200
)

// SIPpConfig says what one SIPp does.
type SIPpConfig struct {
	Scenario string        // one of the constants
	Flow     *Flow         // a scenario of its own instead
	Calls    int           // how often it plays it; default once
	Rate     int           // how often it begins with it in a second; default 10
	Server   string        // host:port its requests go to; for a scenario that waits, unused
	Domain   string        // host of the URIs; default Server
	Tel      string        // own number
	UserID   string        // credentials
	Password string        //
	To       string        // number called
	Port     int           // local SIP port; 0 = a free one. A phone registers and answers on the same
	Media    int           // local media port of all its calls, 0 = a free one
	Sections []string      // lines of its descriptions after the voice, such as "m=video [media_port+2] RTP/AVP 97"; not of a Flow's
	Voice    time.Duration // how long it speaks, in packets of 20 ms of mu-law; default 500 ms
	Headers  []string      // one further line of the INVITE of SIPpSpeak for each of its calls, in turn; without ";"
	Pause    time.Duration // how long a call or a hold lasts; default 500 ms
	Timeout  time.Duration // default 20 s
	Dir      string        // scratch directory
}

// speaks says whether the scenario speaks; the others echo what they hear.
func (c SIPpConfig) speaks() bool { return c.Scenario == SIPpSpeak || c.Scenario == SIPpAnswerSpeak }

// voiceEnd is the last line of the voice in a scenario's descriptions.
var voiceEnd = regexp.MustCompile(`(?m)^( *)a=(?:sendrecv|sendonly)$`)

// SIPp is a running scenario.
type SIPp struct {
	cfg     SIPpConfig
	process *process
}

// StartSIPp starts a scenario. Wait tells how it went.
func StartSIPp(cfg SIPpConfig) (*SIPp, error) {
	if err := Missing("sipp"); err != nil {
		return nil, err
	}
	script, err := scenarios.ReadFile("sipp/" + cfg.Scenario + ".xml")
	if cfg.Sections != nil {
		script = voiceEnd.ReplaceAll(script, []byte("$0\n${1}"+strings.Join(cfg.Sections, "\n${1}")))
	}
	if cfg.Flow != nil {
		cfg.Scenario, script, err = "flow", []byte(cfg.Flow.String()), nil
	}
	if err != nil {
		return nil, fmt.Errorf("sipp: no scenario %q", cfg.Scenario)
	}
	free, err := FreePorts(5) // SIPp also takes the second next to its media port
	if err != nil {
		return nil, err
	}
	cfg.Port, cfg.Media = cmp.Or(cfg.Port, free+4), cmp.Or(cfg.Media, free)
	if cfg.Pause == 0 {
		cfg.Pause = 500 * time.Millisecond
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 20 * time.Second
	}
	if cfg.Domain == "" {
		cfg.Domain = cfg.Server
	}
	if cfg.Voice == 0 {
		cfg.Voice = 500 * time.Millisecond
	}
	if cfg.Headers == nil {
		cfg.Headers = []string{"Subject: a call"}
	}
	cfg.Calls, cfg.Rate = max(cfg.Calls, 1), cmp.Or(cfg.Rate, 10)
	dir, err := os.MkdirTemp(cfg.Dir, "sipp-"+cfg.Scenario+"-")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "scenario.xml")
	if err := os.WriteFile(file, script, 0o600); err != nil {
		return nil, err
	}
	calls := fmt.Sprint(cfg.Calls)
	args := []string{
		"-sf", file, "-m", calls, "-l", calls, "-r", fmt.Sprint(cfg.Rate), "-nostdin", "-deadcall_wait", "0", "-buff_size", "1048576",
		"-i", "127.0.0.1", "-bind_local", "-p", fmt.Sprint(cfg.Port), "-mi", "127.0.0.1", "-mp", fmt.Sprint(cfg.Media),
		"-cp", "0", "-d", fmt.Sprint(cfg.Pause.Milliseconds()),
		"-timeout", fmt.Sprintf("%ds", int(cfg.Timeout.Seconds())), "-timeout_error", "-recv_timeout", fmt.Sprint(cfg.Timeout.Milliseconds()),
		"-trace_err", "-error_file", filepath.Join(dir, "errors"), "-trace_msg", "-message_file", filepath.Join(dir, "messages"),
		"-key", "tel", cfg.Tel, "-key", "to", cfg.To, "-key", "domain", cfg.Domain,
		"-au", cfg.UserID, "-ap", cfg.Password,
	}
	if cfg.speaks() {
		fields := filepath.Join(dir, "fields.csv")
		err := errors.Join(
			os.WriteFile(filepath.Join(dir, "voice.ul"), voice(cfg.Voice), 0o600),
			os.WriteFile(fields, []byte("SEQUENTIAL\n"+strings.Join(cfg.Headers, "\n")+"\n"), 0o600))
		if err != nil {
			return nil, err
		}
		args = append(args, "-inf", fields)
	} else {
		args = append(args, "-rtp_echo")
	}
	if cfg.Flow != nil && cfg.Flow.loose || cfg.Scenario == SIPpPrompt || cfg.Scenario == SIPpHasty {
		args = append(args, "-default_behaviors", "none")
	}
	if cfg.Server != "" {
		args = append(args, cfg.Server)
	}
	p, err := run(dir, "sipp", args...)
	if err != nil {
		return nil, err
	}
	return &SIPp{cfg: cfg, process: p}, nil
}

// voice is a ramp over all codes of mu-law, 8,000 a second, in whole packets.
func voice(d time.Duration) []byte {
	b := make([]byte, 160*(d/(20*time.Millisecond)))
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// Port returns the local SIP port.
func (s *SIPp) Port() int { return s.cfg.Port }

// Address returns the local SIP address, host:port.
func (s *SIPp) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.cfg.Port) }

// URI returns the address at which a waiting scenario can be called without a server.
func (s *SIPp) URI() string { return "sip:" + s.cfg.Tel + "@" + s.Address() }

// WaitListening returns when the scenario has its port, so that it can be called.
func (s *SIPp) WaitListening(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		listens, err := bound(s.cfg.Port)
		if listens || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-s.process.done:
			return fmt.Errorf("sipp %s: it ended\n%s", s.cfg.Scenario, s.logs())
		case <-ctx.Done():
			return fmt.Errorf("sipp %s: does not listen: %w", s.cfg.Scenario, ctx.Err())
		}
	}
}

// Wait returns nil when the scenario went as written, else an error with all messages.
func (s *SIPp) Wait(ctx context.Context) error {
	if err := s.process.wait(ctx); err != nil {
		return fmt.Errorf("sipp %s: %w\n%s", s.cfg.Scenario, err, s.logs())
	}
	return nil
}

// Starved reports whether the machine let the scenario wait for longer than half a second, as SIPp itself noticed. Its
// calls may have failed for that alone.
func (s *SIPp) Starved() bool {
	b, _ := os.ReadFile(filepath.Join(s.process.command.Dir, "errors"))
	return strings.Contains(string(b), "Overload warning")
}

// Close kills it. It may be called more than once.
func (s *SIPp) Close() error {
	s.process.kill()
	return nil
}

// Messages returns the SIP messages SIPp sent and received.
func (s *SIPp) Messages() string {
	b, _ := os.ReadFile(filepath.Join(s.process.command.Dir, "messages"))
	return string(b)
}

// logs returns what explains a failure: SIPp's errors and the messages.
func (s *SIPp) logs() string {
	faults, _ := os.ReadFile(filepath.Join(s.process.command.Dir, "errors"))
	text := strings.TrimSpace(string(faults)) + "\n--- messages:\n" + s.Messages()
	if len(text) > 20000 {
		text = text[:20000]
	}
	return text
}

// RunSIPp plays a scenario to its end.
func RunSIPp(ctx context.Context, cfg SIPpConfig) error {
	s, err := StartSIPp(cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Wait(ctx)
}
