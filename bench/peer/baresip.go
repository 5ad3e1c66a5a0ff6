package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sidetone/bench/audio"
)

// rate is the sampling rate of what a phone plays, in Hz; what it records has its codec's. Between 8 and 16 kHz baresip 1.0.0
// resamples with a filter made for 48, which takes away what lies above 1.3 kHz: a phone with G.722 plays at 16.
func (c BaresipConfig) rate() int {
	if slices.ContainsFunc(c.Codecs, func(s string) bool { return strings.HasPrefix(strings.ToUpper(s), "G722") }) {
		return 16000
	}
	return 8000
}

// speech is the level of the tone a phone speaks, in dBFS.
const speech = -20.0

// BaresipConfig says who a phone is.
type BaresipConfig struct {
	Tel, UserID, Password string
	Server                string   // host:port it registers with; empty = none, it is dialled by URI
	Transport             string   // "udp" (default), "tcp" or "tls"
	Certificate           string   // file it shows, certificate and key in PEM; empty = none
	Codecs                []string // "PCMU", "PCMA", "G722/16000", "opus/48000/2"; default the first two
	SRTP                  string   // "" = none, "srtp" = it can do without, "srtp-mand" = it offers nothing else; see its module srtp
	Video                 bool     // VP8, of a test picture
	Tone                  float64  // Hz
	Manual                bool     // leave incoming calls to Answer
	Waiting               bool     // subscribe to message-summary; each NOTIFY is an event MWI_NOTIFY with the body
	Dir                   string   // scratch directory of this phone alone
}

// Baresip is one running phone.
type Baresip struct {
	cfg     BaresipConfig
	account string // address of record
	line    string // its account line
	port    int
	process *process
	control *control
	record  recording
	held    bool // this phone holds its current call
}

// StartBaresip starts a phone and returns when it can be commanded.
func StartBaresip(ctx context.Context, cfg BaresipConfig) (*Baresip, error) {
	if err := Missing("baresip"); err != nil {
		return nil, err
	}
	if cfg.Transport == "" {
		cfg.Transport = "udp"
	}
	if len(cfg.Codecs) == 0 {
		cfg.Codecs = []string{"PCMU", "PCMA"}
	}
	port, err := FreePorts(3) // SIP, its TLS sibling, control
	if err != nil {
		return nil, err
	}
	b := &Baresip{cfg: cfg, port: port}
	if err := b.configure(); err != nil {
		return nil, fmt.Errorf("baresip %s: %w", cfg.Tel, err)
	}
	b.record = recording{dir: filepath.Join(cfg.Dir, "recorded"), names: decNames}
	if err := b.record.prepare(); err != nil {
		return nil, fmt.Errorf("baresip %s: %w", cfg.Tel, err)
	}
	if b.process, err = run(cfg.Dir, "baresip", "-f", cfg.Dir); err != nil {
		return nil, err
	}
	if err = b.connect(ctx); err == nil {
		// Now rather than from a file, so that no event is missed.
		_, err = b.control.command(ctx, "uanew", b.line)
	}
	if err != nil {
		b.Close()
		return nil, b.fail("start", err)
	}
	return b, nil
}

// configure writes baresip's files. Without a path to its sounds it plays no ringback or busy tones.
func (b *Baresip) configure() error {
	rate := b.cfg.rate()
	tone := audio.Sine(b.cfg.Tone, speech, rate, 120*rate)
	wav := filepath.Join(b.cfg.Dir, "tone.wav")
	if err := audio.WriteWAV(wav, rate, tone); err != nil {
		return err
	}
	config := fmt.Sprintf(`poll_method epoll
sip_listen 127.0.0.1:%d
net_interface 127.0.0.1
audio_source aufile,%s
audio_player aubridge,ear
audio_alert aubridge,alert
audio_path /nonexistent
ausrc_srate %[3]d
auplay_srate %[3]d
ausrc_channels 1
auplay_channels 1
audio_buffer 40-160
snd_path recorded
rtp_ports %s
module_path %s
module g711.so
%smodule srtp.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
module_app debug_cmd.so
ctrl_tcp_listen 127.0.0.1:%d
`, b.port, wav, rate, mediaPorts, modulePath(), b.codecModules(), b.port+2)
	if b.cfg.Video {
		config += "module vp8.so\nmodule fakevideo.so\nvideo_source fakevideo,nil\nvideo_display fakevideo,nil\nvideo_size 176x144\nvideo_bitrate 100000\nvideo_fps 10\n"
	}
	if b.cfg.Waiting {
		config += "module_app mwi.so\n"
	}
	if b.cfg.Certificate != "" {
		config += "sip_certificate " + b.cfg.Certificate + "\n"
	}
	host, register := fmt.Sprintf("127.0.0.1:%d", b.port), 0
	if b.cfg.Server != "" {
		host, register = b.cfg.Server, 60
	}
	b.account = "sip:" + b.cfg.Tel + "@" + host
	mode := "auto"
	if b.cfg.Manual {
		mode = "manual"
	}
	uri := b.account
	if b.cfg.Transport != "udp" {
		uri += ";transport=" + b.cfg.Transport
	}
	b.line = fmt.Sprintf("<%s>;auth_user=%s;auth_pass=%s;regint=%d;answermode=%s;audio_codecs=%s;ptime=20",
		uri, b.cfg.UserID, b.cfg.Password, register, mode, strings.Join(b.cfg.Codecs, ","))
	if b.cfg.Video {
		b.line += ";video_codecs=VP8"
	}
	if b.cfg.SRTP != "" {
		b.line += ";mediaenc=" + b.cfg.SRTP
	}
	for name, text := range map[string]string{"config": config, "accounts": "\n", "contacts": "\n"} {
		if err := os.WriteFile(filepath.Join(b.cfg.Dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// codecModules are the lines for codecs that not every phone needs.
func (b *Baresip) codecModules() (lines string) {
	for _, c := range b.cfg.Codecs {
		name, _, _ := strings.Cut(strings.ToLower(c), "/")
		if strings.HasPrefix(name, "g722") || strings.HasPrefix(name, "opus") {
			lines += "module " + name + ".so\n"
		}
	}
	return lines
}

// modulePath finds baresip's modules where distributions put them.
func modulePath() string {
	for _, dir := range []string{"/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules", "/usr/lib64/baresip/modules"} {
		if _, err := os.Stat(filepath.Join(dir, "g711.so")); err == nil {
			return dir
		}
	}
	return "/usr/lib/baresip/modules"
}

// connect waits until the control port listens.
func (b *Baresip) connect(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", b.port+2))
		if err == nil {
			b.control = newControl(conn)
			return nil
		}
		select {
		case <-tick.C:
		case <-b.process.done:
			return errors.New("it ended")
		case <-limited.Done():
			return fmt.Errorf("control port: %w", err)
		}
	}
}

// Close kills the phone. It may be called more than once.
func (b *Baresip) Close() error {
	if b.control != nil {
		b.control.close()
	}
	b.process.kill()
	return nil
}

// Log returns the end of what baresip printed.
func (b *Baresip) Log() string { return b.process.output() }

// fail words an error with the phone's name and its log.
func (b *Baresip) fail(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("baresip %s: %s: %w\n--- its log:\n%s", b.cfg.Tel, what, err, b.Log())
}

// Tel returns the phone's number.
func (b *Baresip) Tel() string { return b.cfg.Tel }

// Codecs returns what the phone was given, or its defaults.
func (b *Baresip) Codecs() []string { return b.cfg.Codecs }

// Tone returns what the phone speaks.
func (b *Baresip) Tone() audio.Tone { return audio.Tone{Name: b.cfg.Tel, Hz: b.cfg.Tone} }

// URI returns the address at which the phone can be dialled without a server.
func (b *Baresip) URI() string { return fmt.Sprintf("sip:%s@127.0.0.1:%d", b.cfg.Tel, b.port) }

func (b *Baresip) command(ctx context.Context, name, params string) error {
	_, err := b.control.command(ctx, name, params)
	return b.fail(name, err)
}

// Events returns what the phone's own account told so far.
func (b *Baresip) Events() []Event {
	b.control.mu.Lock()
	defer b.control.mu.Unlock()
	var own []Event
	for _, e := range b.control.events {
		if e.Account == b.account {
			own = append(own, e)
		}
	}
	return own
}

// WaitEvent waits for the first event of one of the types at or after since.
func (b *Baresip) WaitEvent(ctx context.Context, since time.Time, types ...string) (Event, error) {
	var found Event
	err := b.control.wait(ctx, func() bool {
		for _, e := range b.control.events {
			for _, t := range types {
				if e.Account == b.account && e.Type == t && !e.At.Before(since) {
					found = e
					return true
				}
			}
		}
		return false
	})
	if err != nil {
		return found, b.fail("waiting for "+strings.Join(types, " or "), err)
	}
	return found, nil
}

// WaitRegistered waits for the registrar's 200; a refusal is an error.
func (b *Baresip) WaitRegistered(ctx context.Context) error {
	e, err := b.WaitEvent(ctx, time.Time{}, "REGISTER_OK", "REGISTER_FAIL")
	if err == nil && e.Type == "REGISTER_FAIL" {
		return b.fail("register", errors.New(e.Param))
	}
	return err
}

// Frames returns how many pictures the phone has shown of its current call's video, 0 when there is none.
func (b *Baresip) Frames(ctx context.Context) (n int, err error) {
	text, err := b.control.command(ctx, "video_debug", "")
	if err != nil {
		return 0, b.fail("video_debug", err)
	}
	if _, shown, ok := strings.Cut(text, "vidisp:"); ok {
		_, shown, _ = strings.Cut(shown, "frames=")
		_, _ = fmt.Sscan(shown, &n) // none yet
	}
	return n, nil
}

// target completes a number with the phone's server.
func (b *Baresip) target(number string) string {
	if strings.Contains(number, "@") || b.cfg.Server == "" {
		return number
	}
	return "sip:" + number + "@" + b.cfg.Server
}

// Dial starts a call and returns when it rings, is answered or has ended.
func (b *Baresip) Dial(ctx context.Context, number string) (Event, error) {
	return b.dial(ctx, number, "CALL_RINGING", "CALL_PROGRESS", "CALL_ESTABLISHED", "CALL_CLOSED")
}

// Call dials and waits for the answer. A call that ends instead is an error.
func (b *Baresip) Call(ctx context.Context, number string) error {
	e, err := b.dial(ctx, number, "CALL_ESTABLISHED", "CALL_CLOSED")
	if err == nil && e.Type == "CALL_CLOSED" {
		return b.fail("call "+number, errors.New(e.Param))
	}
	return err
}

// Feature dials a code that is answered 480. When a call ends, baresip takes the one it held off hold
// without being asked: Feature returns when it has.
func (b *Baresip) Feature(ctx context.Context, code string) error {
	e, err := b.dial(ctx, code, "CALL_ESTABLISHED", "CALL_CLOSED")
	if err == nil && (e.Type != "CALL_CLOSED" || !strings.HasPrefix(e.Param, "480")) {
		return b.fail("feature "+code, fmt.Errorf("%s %s, want 480", e.Type, e.Param))
	}
	if err == nil && b.held {
		b.held = false
		_, err = b.WaitEvent(ctx, e.At, "CALL_REMOTE_SDP")
	}
	return err
}

func (b *Baresip) dial(ctx context.Context, number string, until ...string) (Event, error) {
	since, target := time.Now(), b.target(number)
	if err := b.command(ctx, "dial", target); err != nil {
		return Event{}, err
	}
	// Other calls of this phone may end at the same time: follow the one to this number.
	var found Event
	err := b.control.wait(ctx, func() bool {
		for _, e := range b.control.events {
			if e.Account != b.account || e.At.Before(since) || !strings.HasPrefix(e.Peer, target) {
				continue
			}
			for _, t := range until {
				if e.Type == t {
					found = e
					return true
				}
			}
		}
		return false
	})
	if err != nil {
		return found, b.fail("dial "+number, err)
	}
	return found, nil
}

// Answer takes the incoming call.
func (b *Baresip) Answer(ctx context.Context) error { return b.command(ctx, "accept", "") }

// Hold holds the current call. Baresip does not wait for the answer.
func (b *Baresip) Hold(ctx context.Context) error { return b.reinvite(ctx, "hold") }

// Resume ends the hold of the current call.
func (b *Baresip) Resume(ctx context.Context) error { return b.reinvite(ctx, "resume") }

// reinvite runs a command that sends a re-INVITE and waits for the answer to it.
func (b *Baresip) reinvite(ctx context.Context, command string) error {
	since := time.Now()
	if err := b.command(ctx, command, ""); err != nil {
		return err
	}
	b.held = command == "hold"
	_, err := b.WaitEvent(ctx, since, "CALL_REMOTE_SDP")
	return err
}

// Transfer gives the peer of the current call to a number, by REFER.
func (b *Baresip) Transfer(ctx context.Context, number string) error {
	return b.command(ctx, "transfer", b.target(number))
}

// Hangup ends the current call, or refuses the one that rings.
func (b *Baresip) Hangup(ctx context.Context) error { return b.command(ctx, "hangup", "") }

// Hear listens for d from now and returns what the phone heard by its own recording, at rate in Hz: silence
// where nothing came.
func (b *Baresip) Hear(ctx context.Context, d time.Duration) (pcm []int16, rate int, err error) {
	pcm, rate, err = b.record.during(ctx, d)
	return pcm, rate, b.fail("record", err)
}

// Listen is Hear, judged for tones.
func (b *Baresip) Listen(ctx context.Context, d time.Duration, tones []audio.Tone) (audio.Hearing, error) {
	pcm, rate, err := b.Hear(ctx, d)
	if err != nil {
		return audio.Hearing{}, err
	}
	return audio.Listen(pcm, rate, tones), nil
}
