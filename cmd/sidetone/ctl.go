package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"sidetone/control/api"
	"sidetone/control/config"
)

// ctlTimeout is how long the server may take to answer.
const ctlTimeout = 10 * time.Second

// running says which server a command asks.
type running struct {
	Config string `short:"c" placeholder:"FILE" default:"${default_file}" help:"The server's configuration file, for api.listen and api.token."`
	API    string `placeholder:"URL" help:"Where the API is instead, such as http://192.168.1.10:8080, or without http://."`
	Token  string `env:"SIDETONE_TOKEN" help:"Token for --api."`
}

type ctlCmd struct {
	running
	JSON bool `help:"Print what the API answers."`

	Calls     ctlCalls     `cmd:"" help:"Running calls."`
	Show      ctlShow      `cmd:"" help:"One call with its legs."`
	Stations  ctlStations  `cmd:"" help:"Station status table."`
	Rooms     ctlRooms     `cmd:"" help:"Conferences."`
	Trunks    ctlTrunks    `cmd:"" help:"Ways to carriers and other PBXs, and how they stand."`
	AccessLog ctlAccessLog `cmd:"" help:"Who was refused, and why."`
	Terminate ctlTerminate `cmd:"" help:"End a call."`
	Record    ctlRecord    `cmd:"" help:"Begin or end the recording of a call or a conference."`
	Lock      ctlLock      `cmd:"" help:"Let nobody else into a room."`
	Unlock    ctlUnlock    `cmd:"" help:"Let everybody into a room again."`
	Mute      ctlMute      `cmd:"" help:"Take a member's voice out of a room."`
	Unmute    ctlUnmute    `cmd:"" help:"Put a member's voice into its room again."`
	Deafen    ctlDeafen    `cmd:"" help:"Let a member of a room hear nothing."`
	Gain      ctlGain      `cmd:"" help:"Make a member's voice louder or softer for all in a room."`
	Undeafen  ctlUndeafen  `cmd:"" help:"Let a member hear its room again."`
	Whisper   ctlWhisper   `cmd:"" help:"Let a member of a room be heard by one other only."`
	Barge     ctlBarge     `cmd:"" help:"Let all hear a member that was muted or whispered."`
	Kick      ctlKick      `cmd:"" help:"Put a member out of a room."`
	Announce  ctlAnnounce  `cmd:"" help:"Play a sound file to a room."`
}

// request asks the API; the body comes back for codes of 2xx, everything else is an error that says why.
func (c *running) request(ctx context.Context, method, path string) ([]byte, error) {
	return c.send(ctx, method, path, nil)
}

// send is request with a body, if it is not nil.
func (c *running) send(ctx context.Context, method, path string, content io.Reader) ([]byte, error) {
	base, token := strings.TrimSuffix(c.API, "/"), c.Token
	if base != "" && !strings.Contains(base, "://") {
		base = "http://" + base
	}
	if base == "" {
		cfg, err := config.Load(c.Config)
		if err != nil {
			return nil, usageError{fmt.Errorf("%w\nname the configuration of the server with -c, or its API with --api", err)}
		}
		if cfg.API.Listen == "" {
			return nil, usageError{fmt.Errorf("%s: api.listen is empty, so the server has no API", c.Config)}
		}
		base, token = "http://"+local(cfg.API.Listen), cfg.API.Token.Reveal()
	}
	ctx, cancel := context.WithTimeout(ctx, ctlTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, base+path, content)
	if err != nil {
		return nil, usageError{err}
	}
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, fmt.Errorf("no server answers at %s: %w", base, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", base+path, err)
	}
	if res.StatusCode >= 300 {
		var why api.Failure
		if json.Unmarshal(answer, &why) == nil && why.Message != "" {
			return nil, errors.New(why.Message)
		}
		return nil, fmt.Errorf("%s: %s", base+path, res.Status)
	}
	return answer, nil
}

// local turns a listener on every address into one to connect to.
func local(listen string) string {
	for _, all := range [][2]string{{"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}} {
		if rest, ok := strings.CutPrefix(listen, all[0]); ok {
			return all[1] + rest
		}
	}
	return listen
}

// list asks for a table and prints it, as JSON or as print lays it out.
func list[T any](ctx context.Context, o output, c *ctlCmd, path string, print func(w io.Writer, body T)) error {
	b, err := c.request(ctx, http.MethodGet, path)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err = o.out.Write(b)
		return err
	}
	var body T
	if err := json.Unmarshal(b, &body); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	print(w, body)
	return w.Flush()
}

// since writes a time, "-" for none.
func since(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

type ctlCalls struct{}

// Run is for kong.
func (ctlCalls) Run(ctx context.Context, o output, c *cli) error {
	return list(ctx, o, &c.Ctl, "/v1/calls", func(w io.Writer, b api.Calls) {
		fmt.Fprintln(w, "ID\tSTATE\tFROM\tTO\tSINCE\tANSWERED\tLEGS\tBESIDES")
		for _, r := range b.Calls {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", r.ID, r.State, r.From, r.To, since(r.Since), since(r.Answered), len(r.Legs), besides(r.Legs))
		}
	})
}

// besides are the media that a call has besides the voice, "-" for none.
func besides(legs []api.Leg) string {
	var list []string
	for _, l := range legs {
		for _, s := range l.Sections {
			if !slices.Contains(list, s.Media) {
				list = append(list, s.Media)
			}
		}
	}
	return cmp.Or(strings.Join(list, ","), "-")
}

type ctlShow struct {
	ID string `arg:"" help:"Of the call, as calls prints it."`
}

// Run is for kong.
func (s ctlShow) Run(ctx context.Context, o output, c *cli) error {
	b, err := c.Ctl.request(ctx, http.MethodGet, "/v1/calls")
	if err != nil {
		return err
	}
	var body api.Calls
	if err := json.Unmarshal(b, &body); err != nil {
		return err
	}
	for _, r := range body.Calls {
		if r.ID != s.ID {
			continue
		}
		if c.Ctl.JSON {
			return json.NewEncoder(o.out).Encode(r)
		}
		fmt.Fprintf(o.out, "%s %s, %s to %s, since %s, answered %s\n", r.ID, r.State, r.From, r.To, since(r.Since), since(r.Answered))
		w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "LEG\tTEL\tDIRECTION\tHOLDS\tPEER\tLOCAL MEDIA\tREMOTE MEDIA\tLATCH\tCODEC\tSRTP\tRECEIVED\tSENT\tLOST\tMOS")
		for _, l := range r.Legs {
			fmt.Fprintf(w, "%s\t%s\t%s\t%v\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%.1f\n", l.ID, l.Tel, l.Direction, l.Holding, l.Peer, l.Local, l.Remote,
				l.Latch, l.Codec, l.SRTP, l.Received.Packets, l.Sent.Packets, l.Received.Lost, l.Received.MOS)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		return errors.Join(showSections(o.out, r.Legs), showMetrics(o.out, r.Legs))
	}
	return fmt.Errorf("there is no call %s", s.ID)
}

// showSections prints what legs have besides the voice, nothing where there is none.
func showSections(out io.Writer, legs []api.Leg) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	head := "LEG\tMEDIA\tCODEC\tPROTOCOL\tDIRECTION\tPATH\tLOCAL MEDIA\tREMOTE MEDIA\tLATCH\tRECEIVED\tSENT\tLOST\n"
	for _, l := range legs {
		for _, s := range l.Sections {
			fmt.Fprintf(w, "%s%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\n", head, l.ID, s.Media, s.Codec, s.Protocol, s.Direction, s.Path,
				s.Local, s.Remote, s.Latch, s.Received.Packets, s.Sent.Packets, s.Received.Lost)
			head = ""
		}
	}
	return w.Flush()
}

// showMetrics prints how each leg's voice arrives here, and what its phone says of what it hears.
func showMetrics(out io.Writer, legs []api.Leg) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	known := func(v *int) string {
		if v == nil {
			return "-"
		}
		return strconv.Itoa(*v)
	}
	row := func(leg, by string, m *api.Metrics) {
		fmt.Fprintf(w, "%s\t%s\t%.1f %%\t%.1f %%\t%.1f %%, %d ms\t%.1f %%, %d ms\t%d ms\t%d ms\t%d, %d ms\t%s\t%s\t%s\t%.1f\t%.1f\n", leg, by, m.Loss, m.Discarded,
			m.BurstDensity, m.BurstDuration, m.GapDensity, m.GapDuration, m.RoundTrip, m.EndSystem, m.Buffer, m.BufferMax,
			known(m.Signal), known(m.Noise), known(m.R), m.MOSLQ, m.MOSCQ)
	}
	fmt.Fprintln(w, "LEG\tHEARD BY\tLOSS\tDISCARDED\tBURSTS\tGAPS\tROUND TRIP\tEND SYSTEM\tBUFFER, MAX\tSIGNAL\tNOISE\tR\tMOS-LQ\tMOS-CQ")
	for _, l := range legs {
		if l.Received.Metrics != nil {
			row(l.ID, "us", l.Received.Metrics)
		}
		if l.Sent.Metrics != nil {
			row(l.ID, "phone", l.Sent.Metrics)
		}
	}
	return w.Flush()
}

type ctlStations struct{}

// Run is for kong.
func (ctlStations) Run(ctx context.Context, o output, c *cli) error {
	return list(ctx, o, &c.Ctl, "/v1/stations", func(w io.Writer, b api.Stations) {
		fmt.Fprintln(w, "TEL\tSTATUS\tPHONE TYPE\tPUBLIC IP\tPUBLIC PORT\tSIGNAL PORT\tPROTOCOL\tEXPIRES\tCALLS\tSET")
		for _, r := range b.Stations {
			ip, phone := "0.0.0.0", r.PhoneType
			if r.PublicIP.IsValid() {
				ip = r.PublicIP.String()
			} else {
				phone = "Disconnected"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%s\t%d\t%d\t%s\n", r.Tel, r.Status, phone, ip, r.PublicPort, r.SignalPort, strings.ToUpper(r.Protocol), r.Expires, r.Calls, settings(r.Settings))
		}
	})
}

// settings are what a station has set, in words.
func settings(s api.Settings) string {
	var list []string
	if s.DND {
		list = append(list, "do not disturb")
	}
	for _, f := range [...]struct{ when, to string }{{"all", s.ForwardAll}, {"busy", s.ForwardBusy}, {"no answer", s.ForwardNoAnswer}} {
		if f.to != "" {
			list = append(list, f.when+" to "+f.to)
		}
	}
	return strings.Join(list, ", ")
}

type ctlRooms struct{}

// Run is for kong.
func (ctlRooms) Run(ctx context.Context, o output, c *cli) error {
	return list(ctx, o, &c.Ctl, "/v1/rooms", func(w io.Writer, b api.Rooms) {
		fmt.Fprintln(w, "ID\tNUMBER\tOWNER\tSTATE\tLOCKED\tLIMIT\tMEMBERS\tTALKING")
		for _, r := range b.Rooms {
			var tels, talking []string
			for _, m := range r.Members {
				tels = append(tels, m.Tel)
				if m.Talking {
					talking = append(talking, m.Tel)
				}
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%v\t%d\t%s\t%s\n", r.ID, r.Number, r.Owner, r.State, r.Locked, r.Limit, strings.Join(tels, " "), strings.Join(talking, " "))
		}
	})
}

type ctlTrunks struct{}

// Run is for kong.
func (ctlTrunks) Run(ctx context.Context, o output, c *cli) error {
	return list(ctx, o, &c.Ctl, "/v1/trunks", func(w io.Writer, b api.Trunks) {
		fmt.Fprintln(w, "NAME\tACCESS\tSTATE\tSERVER\tHOPS\tUSER\tSINCE\tEXPIRES\tCALLS\tERROR")
		for _, r := range b.Trunks {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n", r.Name, r.Access, r.State, r.Server, strings.Join(r.Hops, " "), r.User, since(r.Since), r.Expires, r.Calls, r.Error)
		}
	})
}

type ctlAccessLog struct{}

// Run is for kong.
func (ctlAccessLog) Run(ctx context.Context, o output, c *cli) error {
	return list(ctx, o, &c.Ctl, "/v1/access-log", func(w io.Writer, b api.AccessLog) {
		fmt.Fprintln(w, "INDEX\tDATE\tIP ADDRESS\tCALLER ID\tREASON\tCOUNT\tLAST")
		for _, r := range b.Rows {
			fmt.Fprintf(w, "%d\t%s\t%s\t%q\t%s\t%d\t%s\n", r.Index, since(r.Date), r.IP, r.CallerID, r.Reason, r.Count, since(r.Last))
		}
	})
}

type ctlTerminate struct {
	ID string `arg:"" help:"Of the call, as calls prints it."`
}

// Run is for kong.
func (t ctlTerminate) Run(ctx context.Context, o output, c *cli) error {
	_, err := c.Ctl.request(ctx, http.MethodDelete, "/v1/calls/"+url.PathEscape(t.ID))
	if err == nil && c.Ctl.JSON {
		return json.NewEncoder(o.out).Encode(map[string]string{"terminated": t.ID})
	}
	return err
}

type ctlRecord struct {
	ID string `arg:"" help:"Of the call or conference, as calls and rooms print it."`
	To string `arg:"" enum:"on,off" help:"on or off."`
}

// Run is for kong.
func (r ctlRecord) Run(ctx context.Context, o output, c *cli) error {
	b, err := c.Ctl.request(ctx, http.MethodGet, "/v1/rooms")
	if err != nil {
		return err
	}
	var rooms api.Rooms
	if err := json.Unmarshal(b, &rooms); err != nil {
		return fmt.Errorf("/v1/rooms: %w", err)
	}
	list := "/v1/calls/"
	if slices.ContainsFunc(rooms.Rooms, func(room api.Room) bool { return room.ID == r.ID }) {
		list = "/v1/rooms/"
	}
	on := r.To == "on"
	if b, err = json.Marshal(api.Recording{On: &on}); err != nil {
		return err
	}
	_, err = c.Ctl.send(ctx, http.MethodPost, list+url.PathEscape(r.ID)+"/recording", bytes.NewReader(b))
	if err == nil && c.Ctl.JSON {
		return json.NewEncoder(o.out).Encode(map[string]any{"id": r.ID, "recording": on})
	}
	return err
}
