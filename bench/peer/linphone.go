package peer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"sidetone/bench/audio"
)

// LinphoneConfig says who a phone is.
type LinphoneConfig struct {
	Tel, UserID, Password string
	Server                string  // host:port it registers with
	Transport             string  // "udp" (default), "tcp" or "tls"
	CA                    string  // file of certificates it trusts with tls, whatever name they are for: its mbed TLS knows no addresses in them
	SRTP                  bool    // it offers and takes nothing else
	Tone                  float64 // Hz
	Dir                   string  // scratch directory of this phone alone
}

// Linphone is one running linphonec (liblinphone, belle-sip, mediastreamer), commanded by what it reads. It answers by itself.
//
// What linphonec 5.1 of Debian 12 cannot do without a screen or a later version: show message waiting (liblinphone 5.1 knows no
// message-summary), send DTMF other than by typing digits in a call, and reject with a code.
type Linphone struct {
	cfg     LinphoneConfig
	process *process
	typed   *os.File
	record  recording
}

// linphoneRecord is what a phone heard.
const linphoneRecord = "heard.wav"

// StartLinphone starts a phone and returns when it has been told to play its tone, to record and to answer.
func StartLinphone(ctx context.Context, cfg LinphoneConfig) (*Linphone, error) {
	if err := Missing("linphonec"); err != nil {
		return nil, err
	}
	l := &Linphone{cfg: cfg, record: recording{dir: cfg.Dir, names: linphoneRecord, rate: 8000}}
	l.cfg.Transport = cmp.Or(cfg.Transport, "udp")
	wav := filepath.Join(cfg.Dir, "tone.wav")
	if err := errors.Join(l.configure(), audio.WriteWAV(wav, 8000, audio.Sine(cfg.Tone, speech, 8000, 120*8000))); err != nil {
		return nil, fmt.Errorf("linphone %s: %w", cfg.Tel, err)
	}
	read, typed, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	l.typed = typed
	if l.process, err = runTyped(cfg.Dir, read, []string{"HOME=" + cfg.Dir}, "linphonec", "-c", filepath.Join(cfg.Dir, "rc"), "-d", "0"); err != nil {
		typed.Close()
		return nil, err
	}
	for _, step := range [][2]string{
		{"soundcard use files", "Using wav files"}, {"play " + wav, "play"}, {"record " + filepath.Join(cfg.Dir, linphoneRecord), "record"},
		{"autoanswer enable", "Auto answer enabled"},
	} {
		if err := l.command(ctx, step[0], step[1]); err != nil {
			l.Close()
			return nil, err
		}
	}
	return l, nil
}

// configure writes the file of settings: G.711 alone, no echo canceller, ports of its own.
func (l *Linphone) configure() error {
	free, err := FreePorts(4)
	if err != nil {
		return err
	}
	ports := map[string]int{l.cfg.Transport: free}
	encryption := "none"
	if l.cfg.SRTP {
		encryption = "srtp"
	}
	text := fmt.Sprintf(`[sip]
sip_port=%d
sip_tcp_port=%d
sip_tls_port=%d
bind_address=127.0.0.1
default_proxy=0
root_ca=%s
verify_server_cn=0
media_encryption=%s
media_encryption_mandatory=%d
[proxy_0]
reg_proxy=<sip:%[7]s;transport=%[8]s>
reg_identity=sip:%[9]s@%[7]s
reg_expires=600
reg_sendregister=1
[auth_info_0]
username=%[9]s
userid=%[10]s
passwd=%[11]s
[sound]
remote_ring=
echocancellation=0
[rtp]
audio_rtp_port=%[12]d
[video]
automatically_initiate=0
`, ports["udp"], ports["tcp"], ports["tls"], l.cfg.CA, encryption, map[bool]int{true: 1}[l.cfg.SRTP],
		l.cfg.Server, l.cfg.Transport, l.cfg.Tel, l.cfg.UserID, l.cfg.Password, free+2)
	for i, c := range []string{"PCMU/8000/1", "PCMA/8000/0", "opus/48000/0", "speex/16000/0", "speex/8000/0", "G729/8000/0"} {
		f := strings.Split(c, "/")
		text += fmt.Sprintf("[audio_codec_%d]\nmime=%s\nrate=%s\nenabled=%s\n", i, f[0], f[1], f[2])
	}
	if err := os.MkdirAll(filepath.Join(l.cfg.Dir, ".local/share/linphone"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(l.cfg.Dir, "rc"), []byte(text), 0o600)
}

// Close kills the phone. It may be called more than once.
func (l *Linphone) Close() error {
	l.typed.Close()
	l.process.kill()
	return nil
}

// Tel returns the phone's number.
func (l *Linphone) Tel() string { return l.cfg.Tel }

// Tone returns what the phone speaks.
func (l *Linphone) Tone() audio.Tone { return audio.Tone{Name: l.cfg.Tel, Hz: l.cfg.Tone} }

// said is how much the phone has printed.
func (l *Linphone) said() int64 {
	info, err := os.Stat(l.process.log)
	if err != nil {
		return 0
	}
	return info.Size()
}

// command types a line and waits until the phone says, after it, what the expression matches.
func (l *Linphone) command(ctx context.Context, line, answer string) error {
	from := l.said()
	if _, err := io.WriteString(l.typed, line+"\n"); err != nil {
		return fmt.Errorf("linphone %s: %s: %w", l.cfg.Tel, line, err)
	}
	return l.waitSaid(ctx, from, line, answer)
}

// Mark returns a moment for WaitSaid.
func (l *Linphone) Mark() int64 { return l.said() }

// WaitSaid waits until the phone has printed what the expression matches since a moment.
func (l *Linphone) WaitSaid(ctx context.Context, since int64, answer string) error {
	return l.waitSaid(ctx, since, "waiting", answer)
}

func (l *Linphone) waitSaid(ctx context.Context, from int64, what, answer string) error {
	want := regexp.MustCompile(answer)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		b, err := os.ReadFile(l.process.log)
		if err == nil && int64(len(b)) >= from && want.Match(b[from:]) {
			return nil
		}
		select {
		case <-tick.C:
		case <-l.process.done:
			return fmt.Errorf("linphone %s: %s: it ended\n%s", l.cfg.Tel, what, l.process.output())
		case <-ctx.Done():
			return fmt.Errorf("linphone %s: %s: not %q: %w\n--- its log:\n%s", l.cfg.Tel, what, answer, ctx.Err(), l.process.output())
		}
	}
}

// WaitRegistered waits for the registrar's 200. It asks seldom: linphonec does its work only where nobody has typed.
func (l *Linphone) WaitRegistered(ctx context.Context) error {
	for {
		from := l.said()
		if err := l.command(ctx, "status register", `registered[,=].*\n`); err != nil {
			return err
		}
		if b, err := os.ReadFile(l.process.log); err == nil && strings.Contains(string(b[from:]), "registered, identity") {
			return nil
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("linphone %s: not registered: %w\n--- its log:\n%s", l.cfg.Tel, ctx.Err(), l.process.output())
		}
	}
}

// Call dials and waits for the answer and its media.
func (l *Linphone) Call(ctx context.Context, number string) error {
	return l.command(ctx, "call sip:"+number+"@"+l.cfg.Server, `Media streams established`)
}

// Dial is Call up to what the phone says of it then: that the other side rings, or that the call has failed.
func (l *Linphone) Dial(ctx context.Context, number, answer string) error {
	return l.command(ctx, "call sip:"+number+"@"+l.cfg.Server, answer)
}

// Ring makes the phone leave calls unanswered.
func (l *Linphone) Ring(ctx context.Context) error {
	return l.command(ctx, "autoanswer disable", "Auto answer disabled")
}

// Hold holds the current call.
func (l *Linphone) Hold(ctx context.Context) error {
	return l.command(ctx, "pause", `is now paused`)
}

// Resume takes a call off hold. Calls are numbered from 1 as they are made and received.
func (l *Linphone) Resume(ctx context.Context, call int) error {
	return l.command(ctx, fmt.Sprintf("resume %d", call), `Media streams established`)
}

// Transfer gives the peer of a call to a number, by REFER.
func (l *Linphone) Transfer(ctx context.Context, call int, number string) error {
	return l.command(ctx, fmt.Sprintf("transfer %d sip:%s@%s", call, number, l.cfg.Server), `Call \d+ with .* ended`)
}

// TransferTo connects the peers of two calls, by REFER with Replaces.
func (l *Linphone) TransferTo(ctx context.Context, call, other int) error {
	return l.command(ctx, fmt.Sprintf("transfer %d --to-call %d", call, other), `Call \d+ with .* ended`)
}

// Hangup ends all calls.
func (l *Linphone) Hangup(ctx context.Context) error {
	return l.command(ctx, "terminate all", `ended`)
}

// Listen listens for d from now, silence where nothing came, judged for tones.
func (l *Linphone) Listen(ctx context.Context, d time.Duration, tones []audio.Tone) (audio.Hearing, error) {
	pcm, rate, err := l.record.during(ctx, d)
	if err != nil {
		return audio.Hearing{}, fmt.Errorf("linphone %s: record: %w", l.cfg.Tel, err)
	}
	return audio.Listen(pcm, rate, tones), nil
}
