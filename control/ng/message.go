package ng

import (
	"errors"
	"fmt"
	"strings"

	"sidetone/control/ng/bencode"
)

// The limits of one message.
const (
	MaxMessage = 65535 // bytes
	maxCookie  = 256   // bytes
)

var (
	errNoCookie = errors.New("no cookie")
	errNotDict  = errors.New("not a dictionary")
)

// encoding is how a message is written; a reply is written as its request was.
type encoding uint8

const (
	inBencode encoding = iota
	inJSON
)

// splitCookie takes the cookie and the blank behind it off a message. What has none cannot even be
// answered.
func splitCookie(message string) (cookie, rest string, err error) {
	at := strings.IndexByte(message[:min(len(message), maxCookie+1)], ' ')
	if at <= 0 {
		return "", "", errNoCookie
	}
	return message[:at], message[at+1:], nil
}

// decode reads the dictionary of a message in whichever encoding it is.
func decode(s string) (bencode.Value, encoding, error) {
	var (
		v   bencode.Value
		err error
		enc = inBencode
	)
	if strings.HasPrefix(s, "{") {
		enc = inJSON
		v, err = decodeJSON(s)
	} else {
		v, _, err = bencode.Decode(s) // some clients end the datagram with a line feed
	}
	if err == nil && v.Kind() != bencode.Dict {
		err = errNotDict
	}
	if err != nil {
		return bencode.Value{}, enc, fmt.Errorf("cannot read the message: %w", err)
	}
	return v, enc, nil
}
