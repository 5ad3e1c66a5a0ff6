package peer

import (
	"bufio"
	"context"
	_ "embed" // of the configuration
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// kamailioScript is the proxy. What differs between tests is defined on its command line.
//
//go:embed kamailio.cfg
var kamailioScript []byte

// KamailioFlags are what the manual of the rtpengine module hands on with every description.
const KamailioFlags = "replace-origin replace-session-connection"

// KamailioConfig says what one proxy does. Calls go to whoever has registered the number with it, or where the
// request points when that is elsewhere.
type KamailioConfig struct {
	Engine   netip.AddrPort // the ng server that relays the media
	Spare    netip.AddrPort // one that does when Engine will not; none by default
	Other    string         // host:port that a call goes to when the callee is busy or silent; "" = it fails
	Offer    string         // flags of rtpengine_manage towards the callee; default KamailioFlags
	Answer   string         // and towards the caller; default KamailioFlags
	Ring     time.Duration  // how long a callee may ring; default 20 s
	Patience time.Duration  // until a request to the ng server is sent again; default 1 s
	Dir      string         // scratch directory
}

// Kamailio is a running proxy.
type Kamailio struct {
	dir     string
	port    int // of SIP; the next one is that of RPC
	process *process
}

// StartKamailio starts a proxy and returns when it can be called.
func StartKamailio(ctx context.Context, cfg KamailioConfig) (*Kamailio, error) {
	if err := Missing("kamailio"); err != nil {
		return nil, err
	}
	if !cfg.Engine.IsValid() {
		return nil, errors.New("kamailio: no ng server")
	}
	port, err := FreePorts(2)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(cfg.Dir, "kamailio-")
	if err != nil {
		return nil, err
	}
	script := filepath.Join(dir, "kamailio.cfg")
	if err := os.WriteFile(script, kamailioScript, 0o600); err != nil {
		return nil, err
	}
	k := &Kamailio{dir: dir, port: port}
	args := []string{"-DD", "-E", "-f", script, "-Y", dir, "-w", dir, "-m", "64", "-M", "8", "-l", "udp:" + k.Address()}
	if k.process, err = run(dir, "kamailio", append(args, cfg.definitions(port+1)...)...); err != nil {
		return nil, err
	}
	if err := k.waitReady(ctx); err != nil {
		k.Close()
		return nil, fmt.Errorf("kamailio: %w\n--- its log:\n%s", err, k.process.output())
	}
	return k, nil
}

// definitions are the arguments that fill in the script.
func (c KamailioConfig) definitions(rpc int) []string {
	or := func(text, usual string) string {
		if text == "" {
			return usual
		}
		return text
	}
	milliseconds := func(d, usual time.Duration) string {
		if d == 0 {
			d = usual
		}
		return fmt.Sprint(d.Milliseconds())
	}
	args := []string{"-A", "RING=" + milliseconds(c.Ring, 20*time.Second), "-A", "PATIENCE=" + milliseconds(c.Patience, time.Second)}
	engines := "udp:" + c.Engine.String()
	if c.Spare.IsValid() {
		engines += "=1000 udp:" + c.Spare.String() + "=1" // as good as never the first choice
	}
	for _, d := range [][2]string{
		{"RPC", fmt.Sprintf("udp:127.0.0.1:%d", rpc)}, {"ENGINE", engines},
		{"OFFER", or(c.Offer, KamailioFlags)}, {"ANSWER", or(c.Answer, KamailioFlags)},
		{"OTHER", c.Other},
	} {
		if d[1] != "" {
			args = append(args, "-A", fmt.Sprintf("%s=%q", d[0], d[1]))
		}
	}
	return args
}

// waitReady returns when the proxy answers commands and its module has looked for the ng server.
func (k *Kamailio) waitReady(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		attempt, done := context.WithTimeout(limited, 100*time.Millisecond)
		_, err := k.RPC(attempt, "rtpengine.show", "all")
		done()
		if err == nil {
			return nil
		}
		tick := time.NewTimer(20 * time.Millisecond)
		select {
		case <-tick.C:
		case <-k.process.done:
			return errors.New("it ended")
		case <-limited.Done():
			return fmt.Errorf("does not answer: %w", err)
		}
	}
}

// Address returns where it takes SIP, host:port over UDP.
func (k *Kamailio) Address() string { return fmt.Sprintf("127.0.0.1:%d", k.port) }

// Close kills it. It may be called more than once.
func (k *Kamailio) Close() error {
	k.process.kill()
	return nil
}

// RPC carries out one of its commands, such as "rtpengine.show" "all".
func (k *Kamailio) RPC(ctx context.Context, method string, params ...any) (json.RawMessage, error) {
	request, err := json.Marshal(struct {
		Version string `json:"jsonrpc"`
		Method  string `json:"method"`
		Params  []any  `json:"params,omitempty"`
		ID      int    `json:"id"`
	}{"2.0", method, params, 1})
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", k.port+1))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	buf := make([]byte, 65536)
	n, err := conn.Read(buf)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	var reply struct {
		Result json.RawMessage `json:"result"`
		Error  *struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(buf[:n], &reply); err != nil {
		return nil, fmt.Errorf("%s: %w in %s", method, err, buf[:n])
	}
	if reply.Error != nil {
		return nil, fmt.Errorf("%s: %s", method, reply.Error.Message)
	}
	return reply.Result, nil
}

// EngineEnabled reports whether the proxy takes its ng servers for alive.
func (k *Kamailio) EngineEnabled(ctx context.Context) (bool, error) {
	var servers []struct {
		Disabled int `json:"disabled"`
	}
	result, err := k.RPC(ctx, "rtpengine.show", "all")
	if err == nil {
		err = json.Unmarshal(result, &servers)
	}
	enabled := len(servers) > 0
	for _, s := range servers {
		enabled = enabled && s.Disabled == 0
	}
	return enabled, err
}

// Busy returns how many SIP transactions and how many sessions with the ng server the proxy still knows.
func (k *Kamailio) Busy(ctx context.Context) (transactions, sessions int, err error) {
	var tm struct {
		Current int `json:"current"`
	}
	result, err := k.RPC(ctx, "tm.stats")
	if err == nil {
		err = json.Unmarshal(result, &tm)
	}
	if err != nil {
		return 0, 0, err
	}
	if result, err = k.RPC(ctx, "rtpengine.get_hash_total"); err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscan(strings.Trim(string(result), `"{}[] `), &sessions); err != nil {
		return 0, 0, fmt.Errorf("rtpengine.get_hash_total: %w in %s", err, result)
	}
	return tm.Current, sessions, nil
}

// MediaReport is what the ng server told of a call when it was hung up, read and written as JSON by the module.
type MediaReport struct {
	CallID string
	Total  string // the module's own summary, "RTP: 8600 bytes, 50 packets, 0 errors; RTCP: ..."

	// Opinions are what the module's variables held after the end: of the "call", and of the sides labelled "A" and "B"; none
	// when it was told of none.
	Opinions map[string]Opinions

	Tags map[string]struct {
		Medias []struct {
			Protocol string `json:"protocol"`
			Streams  []struct {
				LocalPort int `json:"local port"`
				Stats     struct {
					Packets, Bytes, Errors int
				} `json:"stats"`
			} `json:"streams"`
		} `json:"medias"`
	} `json:"tags"`
}

// Opinions are how a call sounded, or a side of it.
type Opinions struct{ Lowest, Highest, Average Opinion }

// Opinion is one, in the module's own words: a MOS like "4.3", when like "0:10" or of how many samples, percent, milliseconds and
// microseconds; "<null>" is what it was not told.
type Opinion struct{ MOS, At, Samples, PacketLoss, Jitter, RoundTrip, RoundTripLeg string }

// parseOpinions reads the line of the script: of whom, and what in the order of its variables.
func parseOpinions(text string) (of string, o Opinions, err error) {
	f := strings.Fields(text)
	if len(f) != 19 {
		return "", o, fmt.Errorf("opinions of a call: %d words in %q", len(f), text)
	}
	o.Lowest = Opinion{MOS: f[1], At: f[2], PacketLoss: f[3], Jitter: f[4], RoundTrip: f[5], RoundTripLeg: f[6]}
	o.Highest = Opinion{MOS: f[7], At: f[8], PacketLoss: f[9], Jitter: f[10], RoundTrip: f[11], RoundTripLeg: f[12]}
	o.Average = Opinion{MOS: f[13], PacketLoss: f[14], Jitter: f[15], RoundTrip: f[16], RoundTripLeg: f[17], Samples: f[18]}
	return f[0], o, nil
}

// Packets are how many RTP packets came from each side, the fewer first.
func (r MediaReport) Packets() (least, most int) {
	least = -1
	for _, tag := range r.Tags {
		n := 0
		for _, m := range tag.Medias {
			if len(m.Streams) > 0 {
				n += m.Streams[0].Stats.Packets
			}
		}
		if least < 0 || n < least {
			least = n
		}
		most = max(most, n)
	}
	return max(least, 0), most
}

// Media returns the reports of the calls that were hung up so far.
func (k *Kamailio) Media() ([]MediaReport, error) {
	var list []MediaReport
	index := map[string]int{}
	err := k.lines(func(line string) error {
		if _, rest, ok := strings.Cut(line, "<script>: media "); ok {
			id, text, _ := strings.Cut(rest, " ")
			r := MediaReport{CallID: id}
			if err := json.Unmarshal([]byte(text), &r); err != nil {
				return fmt.Errorf("report of a call: %w in %s", err, text)
			}
			index[id] = len(list)
			list = append(list, r)
		} else if _, rest, ok := strings.Cut(line, "<script>: total "); ok {
			id, text, _ := strings.Cut(rest, " ")
			if i, ok := index[id]; ok {
				list[i].Total = text
			}
		} else if _, rest, ok := strings.Cut(line, "<script>: opinions "); ok {
			id, text, _ := strings.Cut(rest, " ")
			of, o, err := parseOpinions(text)
			if err != nil {
				return err
			}
			if i, ok := index[id]; ok {
				if list[i].Opinions == nil {
					list[i].Opinions = map[string]Opinions{}
				}
				list[i].Opinions[of] = o
			}
		}
		return nil
	})
	return list, err
}

// Complaints returns what the proxy logged as an error or a warning.
func (k *Kamailio) Complaints() ([]string, error) {
	var list []string
	err := k.lines(func(line string) error {
		if _, rest, ok := strings.Cut(line, ") "); ok {
			for _, level := range []string{"ERROR", "WARNING", "CRITICAL", "ALERT", "BUG"} {
				if strings.HasPrefix(rest, level+":") {
					list = append(list, line)
				}
			}
		}
		return nil
	})
	return list, err
}

// lines reads the log.
func (k *Kamailio) lines(each func(line string) error) error {
	f, err := os.Open(k.process.log)
	if err != nil {
		return err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if err := each(s.Text()); err != nil {
			return err
		}
	}
	return s.Err()
}
