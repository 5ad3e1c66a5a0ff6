package peer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// How long to wait for Janus.
const (
	janusPatience = 15 * time.Second
	janusPause    = 50 * time.Millisecond
)

// janus is one session of Janus's HTTP API, over one connection that was opened by the goroutine that uses it: the network is its thread's.
type janus struct {
	conn    net.Conn
	reader  *bufio.Reader
	host    string
	session uint64
	number  int // of transactions
}

// janusReply is what of all replies and events matters.
type janusReply struct {
	Janus  string `json:"janus"`
	Sender uint64 `json:"sender"`
	Data   struct {
		ID uint64 `json:"id"`
	} `json:"data"`
	Error struct {
		Reason string `json:"reason"`
	} `json:"error"`
	Plugin struct {
		Data struct {
			Error string `json:"error"`
			RTP   *struct {
				IP   string `json:"ip"`
				Port uint16 `json:"port"`
			} `json:"rtp"`
		} `json:"data"`
	} `json:"plugindata"`
}

// JoinJanus has a plain-RTP participant of PCMU join the room of the same place for each address, and returns Janus's port for each. It waits
// until Janus answers. The session, and with it the participants, lasts as long as Janus.
func JoinJanus(ctx context.Context, api netip.AddrPort, rooms []int, media []netip.AddrPort) ([]netip.AddrPort, error) {
	j, err := dialJanus(ctx, api)
	if err != nil {
		return nil, err
	}
	defer j.conn.Close()
	created, err := j.post("", map[string]any{"janus": "create"})
	if err != nil {
		return nil, err
	}
	j.session = created.Data.ID
	var ports []netip.AddrPort
	for i, room := range rooms {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		port, err := j.join(room, media[i])
		if err != nil {
			return nil, fmt.Errorf("janus: room %d: %w", room, err)
		}
		ports = append(ports, port)
	}
	return ports, nil
}

func dialJanus(ctx context.Context, api netip.AddrPort) (*janus, error) {
	for deadline := time.Now().Add(janusPatience); ; {
		conn, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(api))
		if err == nil {
			return &janus{conn: conn, reader: bufio.NewReader(conn), host: api.String()}, conn.SetDeadline(time.Now().Add(4 * janusPatience))
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("janus does not answer: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(janusPause):
		}
	}
}

// join attaches a handle, which is one participant, and waits for the event that it has joined.
func (j *janus) join(room int, media netip.AddrPort) (netip.AddrPort, error) {
	path := fmt.Sprintf("/%d", j.session)
	attached, err := j.post(path, map[string]any{"janus": "attach", "plugin": "janus.plugin.audiobridge"})
	if err != nil {
		return netip.AddrPort{}, err
	}
	handle := attached.Data.ID
	_, err = j.post(fmt.Sprintf("%s/%d", path, handle), map[string]any{"janus": "message", "body": map[string]any{
		"request": "join", "room": room, "codec": "pcmu", "muted": false,
		"rtp": map[string]any{"ip": media.Addr().String(), "port": media.Port(), "payload_type": 0},
	}})
	if err != nil {
		return netip.AddrPort{}, err
	}
	for {
		event, err := j.request(http.MethodGet, path, nil)
		switch d := event.Plugin.Data; {
		case err != nil:
			return netip.AddrPort{}, err
		case event.Sender != handle: // somebody else is told of somebody's coming
		case d.Error != "":
			return netip.AddrPort{}, errors.New(d.Error)
		case d.RTP != nil:
			address, err := netip.ParseAddr(d.RTP.IP)
			return netip.AddrPortFrom(address, d.RTP.Port), err
		}
	}
}

func (j *janus) post(path string, body map[string]any) (janusReply, error) {
	j.number++
	body["transaction"] = fmt.Sprint(j.number)
	text, err := json.Marshal(body)
	if err != nil {
		return janusReply{}, err
	}
	return j.request(http.MethodPost, path, text)
}

func (j *janus) request(method, path string, body []byte) (r janusReply, err error) {
	request, err := http.NewRequest(method, "http://"+j.host+"/janus"+path, bytes.NewReader(body))
	if err != nil {
		return r, err
	}
	if err := request.Write(j.conn); err != nil {
		return r, err
	}
	response, err := http.ReadResponse(j.reader, request)
	if err != nil {
		return r, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&r); err != nil {
		return r, fmt.Errorf("janus: %s %s: %w", method, path, err)
	}
	if r.Janus == "error" {
		return r, fmt.Errorf("janus: %s", r.Error.Reason)
	}
	return r, nil
}
