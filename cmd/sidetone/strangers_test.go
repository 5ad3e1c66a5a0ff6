package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"sidetone/control/api"
)

// TestStrangersAreRoutedNowhere: requests of every kind without credentials pour in over UDP and TCP, outside of dialogs
// and with tags of dialogs that do not exist. While they do no call exists and no port is taken, each is answered once at
// most and none with a success that means anything, and the phone they are for hears of none.
func TestStrangersAreRoutedNowhere(t *testing.T) {
	const each = 100 // requests of a method
	o := newOffice(t, 2, nil)
	called := o.phone(t, 1, nil)
	before := len(called.Seen())
	for _, transport := range []string{"udp", "tcp"} {
		for _, method := range []string{"INVITE", "MESSAGE", "SUBSCRIBE", "REFER", "NOTIFY", "PUBLISH", "INFO", "OPTIONS", "UPDATE", "BYE", "FROB"} {
			t.Run(transport+" "+method, func(t *testing.T) {
				address := map[string]string{"udp": o.udp, "tcp": o.tcp}[transport]
				c, err := net.Dial(transport, address)
				check(t, err)
				defer c.Close()
				for i := range each {
					_, err := c.Write([]byte(stranger(method, transport, address, c.LocalAddr().String(), i%2 == 1)))
					check(t, err)
					if i%20 == 0 {
						o.idle(t)
					}
				}
				codes := answers(t, c, each)
				o.idle(t)
				total := 0
				for code, n := range codes {
					total += n
					if code[0] == '1' || code[0] == '2' && method != "OPTIONS" {
						t.Errorf("%d times %s", n, code)
					}
				}
				if total == 0 || total > each {
					t.Errorf("%d answers to %d requests: %v", total, each, codes)
				}
			})
		}
	}
	for _, s := range called.Seen()[before:] {
		t.Errorf("the phone got %+v", s)
	}
	if calls := o.get(t, "/v1/calls"); strings.Contains(calls, `"id"`) {
		t.Errorf("calls: %s", calls)
	}
	a := o.phone(t, 0, nil)
	call, err := a.Call(soon(t), called.Tel())
	check(t, err)
	check(t, call.Hangup(soon(t)))
}

// idle checks that no call exists and no port is taken.
func (o *office) idle(t *testing.T) {
	t.Helper()
	var c api.Capacity
	check(t, json.Unmarshal([]byte(o.get(t, "/v1/capacity")), &c))
	if c.Calls.Used != 0 || c.Rooms.Used != 0 || len(c.Ports) == 0 {
		t.Errorf("capacity %+v", c)
	}
	for _, p := range c.Ports {
		if p.Used != 0 {
			t.Errorf("%d ports taken", p.Used)
		}
	}
}

// stranger is a request to station 218 in the name of 217, without credentials; inDialog gives it the tag of a dialog.
func stranger(method, transport, to, from string, inDialog bool) string {
	tag, body, extra := "", "", ""
	if inDialog {
		tag = fmt.Sprintf(";tag=%x", rand.Uint64())
	}
	switch method {
	case "INVITE", "UPDATE":
		body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
		extra = "Content-Type: application/sdp\r\n"
	case "MESSAGE", "INFO":
		body, extra = "hello", "Content-Type: text/plain\r\n"
	case "SUBSCRIBE", "PUBLISH":
		extra = "Event: message-summary\r\nExpires: 600\r\n"
	case "NOTIFY":
		extra = "Event: message-summary\r\nSubscription-State: active\r\n"
	case "REFER":
		extra = "Refer-To: <sip:999@example.org>\r\nReferred-By: <sip:217@example.org>\r\n"
	}
	return fmt.Sprintf("%[1]s sip:218@%[2]s SIP/2.0\r\nVia: SIP/2.0/%[3]s %[4]s;rport;branch=z9hG4bK%[5]x\r\nMax-Forwards: 70\r\n"+
		"From: <sip:217@%[2]s>;tag=%[5]x\r\nTo: <sip:218@%[2]s>%[6]s\r\nCall-ID: %[5]x@stranger\r\nCSeq: 1 %[1]s\r\nContact: <sip:217@%[4]s>\r\n"+
		"%[7]sContent-Length: %[8]d\r\n\r\n%[9]s", method, to, strings.ToUpper(transport), from, rand.Uint64(), tag, extra, len(body), body)
}

// answers counts responses by code until none came for a moment; a busy server may lose some.
func answers(t *testing.T, c net.Conn, most int) map[string]int {
	t.Helper()
	var heard bytes.Buffer
	buf := make([]byte, 65536)
	for wait := 2 * time.Second; ; {
		if bytes.Count(heard.Bytes(), []byte("SIP/2.0 ")) >= most {
			wait = 20 * time.Millisecond // for one more than there may be
		}
		_ = c.SetReadDeadline(time.Now().Add(wait))
		n, err := c.Read(buf)
		if err != nil {
			break
		}
		heard.Write(buf[:n])
	}
	codes := make(map[string]int)
	for line := range strings.Lines(heard.String()) {
		if rest, ok := strings.CutPrefix(line, "SIP/2.0 "); ok {
			codes[rest[:3]]++
		}
	}
	return codes
}
