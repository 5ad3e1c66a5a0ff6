package load

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// JoinRooms has each station register and call a dial-in room of the server over SIP, with its media at the address of the same place, and
// returns the server's port for each. The calls stay up; whoever wants them to end stops the server.
func JoinRooms(ctx context.Context, server netip.AddrPort, stations []Account, rooms []string, media []netip.AddrPort) ([]netip.AddrPort, error) {
	s := &sipCalls{cfg: SIPConfig{Server: server, Patience: 5 * time.Second}, server: sockaddr(server), realm: server.String()}
	var err error
	if s.calling, err = openEnd(server.Addr()); err != nil {
		return nil, err
	}
	defer s.calling.wire.close()
	var ports []netip.AddrPort
	for i, account := range stations {
		line := &sipLine{Account: account, end: s.calling}
		if err := s.register(ctx, line); err != nil {
			return nil, err
		}
		port, err := s.join(ctx, line, rooms[i], media[i])
		if err != nil {
			return nil, fmt.Errorf("load: station %s calls room %s: %w", account.Tel, rooms[i], err)
		}
		ports = append(ports, port)
	}
	return ports, nil
}

// join is one call into a room, to the ACK.
func (s *sipCalls) join(ctx context.Context, l *sipLine, room string, media netip.AddrPort) (netip.AddrPort, error) {
	uri := "sip:" + room + "@" + s.realm
	id, from, to := s.name("j"), "<sip:"+l.Tel+"@"+s.realm+">;tag="+s.name("t"), "<"+uri+">"
	for sequence := 1; ; sequence++ {
		credentials, err := l.credentials("INVITE", uri)
		if err != nil {
			return netip.AddrPort{}, err
		}
		branch := s.name("b")
		l.end.wire.put(s.request(l, "INVITE", uri, branch, from, to, id, sequence, credentials, description{Media: media}.String()), &s.server)
		l.end.wire.flush()
		m, body, err := s.final(ctx, l, id, sequence)
		if err != nil {
			return netip.AddrPort{}, err
		}
		target := uri
		if m.status == 200 {
			branch, target = s.name("b"), m.contact()
		}
		l.end.wire.put(s.request(l, "ACK", target, branch, from, m.get("To"), id, sequence, nil, ""), &s.server)
		l.end.wire.flush()
		switch m.status {
		case 200:
			d, err := parseDescription(body)
			return d.Media, err
		case 401:
			if err := l.challenged(m); err != nil {
				return netip.AddrPort{}, err
			}
		default:
			return netip.AddrPort{}, fmt.Errorf("%d %s", m.status, m.reason)
		}
	}
}

// final waits for the final response to an INVITE.
func (s *sipCalls) final(ctx context.Context, l *sipLine, id string, sequence int) (*sipMessage, string, error) {
	start := time.Now().UnixNano()
	for now := start; now-start < int64(s.cfg.Patience); now = time.Now().UnixNano() {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		for _, a := range l.end.wire.receive(now) {
			m, err := parseSIP(string(a.data))
			number, method := m.sequence()
			if err == nil && m.status >= 200 && m.get("Call-ID") == id && number == sequence && method == "INVITE" {
				_, body, _ := strings.Cut(string(a.data), "\r\n\r\n")
				return &m, body, nil
			}
		}
		l.end.wire.await(5 * time.Millisecond)
	}
	return nil, "", fmt.Errorf("no answer from %s", s.cfg.Server)
}
