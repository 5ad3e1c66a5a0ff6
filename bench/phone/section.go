package phone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Section is something that a phone has in its calls besides the voice: video, fax. It sends what the script gives it and keeps what
// comes.
type Section struct {
	Media   string   // "video", "image"
	Proto   string   // "RTP/AVP", "RTP/AVPF", "udptl"
	Formats []string // "97", "t38"
	Lines   []string // "a=rtpmap:97 H264/90000"
	Quiet   bool     // it is not in the first offer, and taken when the other side offers it
}

// The sections that phones have most.
var (
	H264 = Section{Media: "video", Proto: "RTP/AVP", Formats: []string{"97"},
		Lines: []string{"a=rtpmap:97 H264/90000", "a=fmtp:97 profile-level-id=42801f;packetization-mode=1"}}
	T38 = Section{Media: "image", Proto: "udptl", Formats: []string{"t38"},
		Lines: []string{"a=T38FaxVersion:0", "a=T38MaxBitRate:14400", "a=T38FaxUdpEC:t38UDPRedundancy"}, Quiet: true}
)

// SectionState is what became of one.
type SectionState struct {
	On        bool   // both sides have it
	Port      uint16 // what the other side says, 0 = off
	Proto     string
	Direction string // as the other side says: "sendrecv", ...
	Text      string // all that it says
	Received  int    // packets
	Last      []byte // the last one
	Bad       int    // packets that its key does not open
}

// channel is a section of a call.
type channel struct {
	section Section // immutable
	conn    *net.UDPConn
	address netip.Addr

	// owned by the actor
	shown  bool // in our descriptions
	keying keying

	mu     sync.Mutex // guards what follows
	vault  vault
	remote netip.AddrPort
	state  SectionState
}

func (c *Call) openSections() error {
	for _, s := range c.phone.cfg.Sections {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(c.phone.cfg.Address)})
		if err != nil {
			return err
		}
		ch := &channel{section: s, conn: conn, address: c.media.local.Addr(), shown: !s.Quiet}
		c.channels = append(c.channels, ch)
		c.phone.media.Go(ch.read) // ends when the call closes the socket
	}
	return nil
}

func (ch *channel) read() {
	buffer := make([]byte, 2048)
	for {
		n, _, err := ch.conn.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		ch.mu.Lock()
		if b, err := ch.vault.open(buffer[:n]); err != nil {
			ch.state.Bad++
		} else {
			ch.state.Received++
			ch.state.Last = append(ch.state.Last[:0], b...)
		}
		ch.mu.Unlock()
	}
}

// Section is what became of the call's section of a medium.
func (c *Call) Section(media string) SectionState {
	for _, ch := range c.channels {
		if ch.section.Media == media {
			ch.mu.Lock()
			defer ch.mu.Unlock()
			s := ch.state
			s.Last = slices.Clone(s.Last)
			return s
		}
	}
	return SectionState{}
}

// Offered is the description that an incoming call came with.
func (c *Call) Offered() string {
	if c.first == nil {
		return ""
	}
	return string(c.first.Body())
}

// SectionPort is where the call takes a section.
func (c *Call) SectionPort(media string) uint16 {
	for _, ch := range c.channels {
		if ch.section.Media == media {
			return ch.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		}
	}
	return 0
}

// SendSection sends a packet of a section: RTP, which is encrypted where keys were agreed on, or anything.
func (c *Call) SendSection(media string, packet []byte) error {
	for _, ch := range c.channels {
		if ch.section.Media == media {
			return ch.send(packet)
		}
	}
	return fmt.Errorf("no %s", media)
}

func (ch *channel) send(packet []byte) error {
	ch.mu.Lock()
	b, err := ch.vault.seal(packet)
	remote, on := ch.remote, ch.state.On
	ch.mu.Unlock()
	if err != nil || !on {
		return errors.Join(err, fmt.Errorf("%s is on: %t", ch.section.Media, on))
	}
	_, err = ch.conn.WriteToUDPAddrPort(b, remote)
	return err
}

// Offer offers a call that has these media, "audio" and those of Config.Sections, and no others.
func (c *Call) Offer(ctx context.Context, media ...string) error {
	err := c.phone.do(ctx, func(finish func(error)) {
		before := c.silent
		shown := c.show(media)
		c.sendOffer(c.want, c.zero, 0, func(err error) {
			if err != nil {
				c.silent = before
				c.show(shown)
			}
			finish(err)
		})
	})
	if err != nil {
		return fmt.Errorf("phone %s: offer %s: %w", c.phone.cfg.Tel, media, err)
	}
	return nil
}

// show sets what our descriptions have, and returns what they had.
func (c *Call) show(media []string) (before []string) {
	if !c.silent {
		before = append(before, "audio")
	}
	c.silent = !slices.Contains(media, "audio")
	for _, ch := range c.channels {
		if ch.shown {
			before = append(before, ch.section.Media)
		}
		ch.shown = slices.Contains(media, ch.section.Media)
	}
	return before
}

// layout is the offer's sections in their lines: each keeps its own, and what is new is appended, or takes the line of the voice where
// Config.OneLine says so.
func (c *Call) layout(voice string) []string {
	lines := slices.Clone(c.lines)
	place := func(media string) int {
		if i := slices.Index(lines, media); i >= 0 {
			return i
		}
		if c.phone.cfg.OneLine && len(lines) > 0 && (media == "audio" || c.silent) {
			lines[0] = media
			return 0
		}
		lines = append(lines, media)
		return len(lines) - 1
	}
	texts := map[int]string{}
	if !c.silent {
		texts[place("audio")] = voice
	}
	for _, ch := range c.channels {
		if ch.shown {
			crypto, proto := ch.keying.offer(c.phone.cfg)
			texts[place(ch.section.Media)] = ch.text(ch.proto(proto), ch.section.Formats, c.want.String(), crypto)
		}
	}
	var list []string
	for i, media := range lines {
		text, on := texts[i]
		if !on {
			text = off(media, c.phone.cfg.Sections)
		}
		list = append(list, text)
	}
	c.lines = lines
	return list
}

// off is the line of a medium that is not in the call.
func off(media string, sections []Section) string {
	for _, s := range sections {
		if s.Media == media {
			return fmt.Sprintf("m=%s 0 %s %s\r\n", media, s.Proto, strings.Join(s.Formats, " "))
		}
	}
	return "m=" + media + " 0 RTP/AVP 0\r\n"
}

// replies is the answer to the other side's sections.
func (c *Call) replies(voice string) []string {
	var list []string
	c.lines = nil
	taken := map[string]bool{}
	for _, m := range c.theirs {
		c.lines = append(c.lines, m.media)
		ch := c.channel(m)
		switch {
		case taken[m.media]:
			list = append(list, m.refused())
		case m.media == "audio" && m.port != 0 && !c.silent:
			list, taken["audio"] = append(list, voice), true
		case ch != nil && m.port != 0 && ch.shown:
			taken[m.media] = true
			var lines []crypto
			if ch.keying.local.suite != "" {
				lines = []crypto{ch.keying.local}
			}
			d := direction{send: c.want.send && m.direction.receive, receive: c.want.receive && m.direction.send}
			list = append(list, ch.text(m.proto, m.formats, d.String(), lines))
		default:
			list = append(list, m.refused())
		}
	}
	return list
}

// proto is what the section is offered as: RTP, or SRTP, with the profile of the section.
func (ch *channel) proto(agreed string) string {
	if strings.HasPrefix(ch.section.Proto, "RTP/") {
		return strings.TrimSuffix(agreed, "F") + strings.TrimPrefix(ch.section.Proto, "RTP/AVP")
	}
	return ch.section.Proto
}

func (ch *channel) text(proto string, formats []string, direction string, lines []crypto) string {
	port := ch.conn.LocalAddr().(*net.UDPAddr).Port
	var b strings.Builder
	fmt.Fprintf(&b, "m=%s %d %s %s\r\n", ch.section.Media, port, proto, strings.Join(formats, " "))
	for _, l := range ch.section.Lines {
		b.WriteString(l + "\r\n")
	}
	if strings.HasPrefix(proto, "RTP/") {
		for _, c := range lines {
			fmt.Fprintf(&b, "a=crypto:%s\r\n", c)
		}
		fmt.Fprintf(&b, "a=%s\r\n", direction)
	}
	return b.String()
}

// channel is ours for a line of the other side's, or nil.
func (c *Call) channel(m mline) *channel {
	for _, ch := range c.channels {
		if ch.section.Media == m.media && strings.HasPrefix(m.proto, "RTP/") == strings.HasPrefix(ch.section.Proto, "RTP/") {
			return ch
		}
	}
	return nil
}

// acceptSections takes what the other side says besides the voice; it returns how many sections are on. In an offer of theirs
// one that comes anew is taken.
func (c *Call) acceptSections(body []byte, answer bool) (on int, err error) {
	c.theirs, err = parseLines(body)
	if err != nil {
		return 0, err
	}
	states := make(map[*channel]mline)
	for _, m := range c.theirs {
		if ch := c.channel(m); ch != nil && m.port != 0 {
			states[ch] = m
		}
	}
	for _, ch := range c.channels {
		m, there := states[ch]
		if !answer && there {
			ch.shown = true
		}
		if there && ch.shown {
			d := description{proto: m.proto, crypto: m.crypto}
			take := ch.keying.takeOffer
			if answer {
				take = ch.keying.takeAnswer
			}
			if !strings.HasPrefix(m.proto, "RTP/") {
				take = func(Config, description) error { return nil }
			}
			if err := take(c.phone.cfg, d); err != nil {
				return on, err
			}
			on++
		}
		ch.set(m, there && ch.shown)
		ch.shown = ch.shown && (there || !ch.section.Quiet)
	}
	return on, nil
}

func (ch *channel) set(m mline, on bool) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.remote = m.address
	ch.state.On, ch.state.Port, ch.state.Proto, ch.state.Text = on, m.port, m.proto, m.text
	ch.state.Direction = m.direction.String()
	_ = ch.vault.set(ch.keying.local, ch.keying.remote)
}

// mline is a section of the other side's.
type mline struct {
	media, proto string
	port         uint16
	formats      []string
	address      netip.AddrPort
	direction    direction
	crypto       []crypto
	text         string
}

func (m mline) refused() string {
	return fmt.Sprintf("m=%s 0 %s %s\r\n", m.media, m.proto, strings.Join(m.formats, " "))
}

// parseLines reads all sections of a description.
func parseLines(body []byte) ([]mline, error) {
	parts := strings.Split("\n"+string(body), "\nm=")
	host := netip.Addr{}
	connection := func(text string, host netip.Addr) netip.Addr {
		for line := range strings.Lines(text) {
			if f := strings.Fields(line); strings.HasPrefix(line, "c=") && len(f) == 3 {
				host, _ = netip.ParseAddr(f[2])
			}
		}
		return host
	}
	host = connection(parts[0], host)
	var list []mline
	for _, text := range parts[1:] {
		head, _, _ := strings.Cut(text, "\n")
		f := strings.Fields(head)
		if len(f) < 4 {
			return nil, fmt.Errorf("sdp: m=%s", head)
		}
		port, err := strconv.ParseUint(f[1], 10, 16)
		if err != nil {
			return nil, fmt.Errorf("sdp: m=%s: %w", head, err)
		}
		m := mline{media: f[0], port: uint16(port), proto: f[2], formats: f[3:], text: "m=" + text, direction: direction{true, true}}
		m.address = netip.AddrPortFrom(connection(text, host), m.port)
		for line := range strings.Lines(text) {
			value, ok := strings.CutPrefix(strings.TrimSpace(line), "a=")
			if d, known := directions[value]; ok && known {
				m.direction = d
			}
			if key, ok := strings.CutPrefix(value, "crypto:"); ok {
				if c, err := parseCrypto(key); err == nil {
					m.crypto = append(m.crypto, c)
				}
			}
		}
		list = append(list, m)
	}
	return list, nil
}
