package sip

import (
	"bytes"
	"errors"
	"strconv"
)

// maxMessage is the most a message may have, on any transport.
const maxMessage = 65535

var (
	errTooLong  = errors.New("message too long")
	errNoLength = errors.New("bad Content-Length")
)

// framer cuts a byte stream into SIP messages (RFC 3261 18.3): header section up to the empty line, then
// Content-Length bytes. It holds at most one message of maxMessage bytes plus one read.
type framer struct {
	buf     []byte
	scanned int // up to here no end of header was found, so that dripping bytes do not cost a scan each
}

// write appends what was read.
func (f *framer) write(p []byte) { f.buf = append(f.buf, p...) }

// partial says that a message has begun and is not complete; CRLFs between messages are nothing begun.
func (f *framer) partial() bool { return len(bytes.Trim(f.buf[:min(4, len(f.buf))], "\r\n")) > 0 }

// next returns the next whole message, or nil when more bytes are needed. pings is the number of double CRLFs skipped
// (RFC 5626 4.4.1), each of which wants a CRLF back. The message is valid until the next write.
// After an error no boundary is known and the connection must be closed; the header section, if there is one, is
// returned with it so that it can be answered 400.
func (f *framer) next() (msg []byte, pings int, err error) {
	for {
		switch {
		case bytes.HasPrefix(f.buf, []byte("\r\n\r\n")):
			pings++
			f.drop(4)
		case bytes.HasPrefix(f.buf, []byte("\r\n")) && len(f.buf) > 2 && f.buf[2] != '\r':
			f.drop(2)
		case bytes.Equal(f.buf, []byte("\r\n")), bytes.Equal(f.buf, []byte("\r\n\r")), bytes.Equal(f.buf, []byte("\r")):
			return nil, pings, nil // half a ping
		case bytes.HasPrefix(f.buf, []byte("\r\n\r")):
			f.drop(2)
		default:
			msg, err = f.message()
			return msg, pings, err
		}
	}
}

func (f *framer) message() ([]byte, error) {
	end := bytes.Index(f.buf[f.scanned:], []byte("\r\n\r\n"))
	if end < 0 {
		f.scanned = max(0, len(f.buf)-3)
		if len(f.buf) > maxMessage {
			return nil, errTooLong
		}
		return nil, nil
	}
	head := f.scanned + end + 4
	length, err := contentLength(f.buf[:head])
	if err != nil {
		return f.buf[:head], err
	}
	if head+length > maxMessage {
		return nil, errTooLong
	}
	if len(f.buf) < head+length {
		f.scanned = head - 4
		return nil, nil
	}
	msg := f.buf[:head+length]
	f.buf = f.buf[head+length:]
	f.scanned = 0
	if len(f.buf) == 0 {
		f.buf = nil // the next message starts a buffer of its own size
	}
	return msg, nil
}

func (f *framer) drop(n int) {
	f.buf = f.buf[n:]
	f.scanned = 0
	if len(f.buf) == 0 {
		f.buf = nil
	}
}

// contentLength finds Content-Length or l in a header section; absent counts as 0. More than one must agree.
func contentLength(head []byte) (int, error) {
	length, seen := 0, false
	for len(head) > 0 {
		line := head
		if i := bytes.Index(head, []byte("\r\n")); i >= 0 {
			line, head = head[:i], head[i+2:]
		} else {
			head = nil
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			continue
		}
		name := bytes.TrimSpace(line[:colon])
		if !bytes.EqualFold(name, []byte("Content-Length")) && !bytes.EqualFold(name, []byte("l")) {
			continue
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line[colon+1:])), 10, 24)
		if err != nil || seen && int(n) != length {
			return 0, errNoLength
		}
		length, seen = int(n), true
	}
	return length, nil
}
