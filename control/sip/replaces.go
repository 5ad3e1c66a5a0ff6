package sip

import (
	"fmt"
	"net/url"
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

// Phrase is the reason phrase of a status code.
func Phrase(code int) string { return phrase(code, "") }

// Replaces names a dialog that a new one is to take the place of (RFC 3891), as its Replaces header writes it: ToTag
// is the tag of whoever gets the header.
type Replaces struct {
	CallID, ToTag, FromTag string
	// EarlyOnly: a dialog that has been answered is not to be replaced.
	EarlyOnly bool
}

// ParseReplaces reads the header's value.
func ParseReplaces(v string) (Replaces, error) {
	parts := strings.Split(v, ";")
	r := Replaces{CallID: strings.TrimSpace(parts[0])}
	for _, p := range parts[1:] {
		name, value, _ := strings.Cut(p, "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "to-tag":
			r.ToTag = value
		case "from-tag":
			r.FromTag = value
		case "early-only":
			r.EarlyOnly = true
		}
	}
	if r.CallID == "" || r.ToTag == "" || r.FromTag == "" || strings.ContainsAny(v, "\r\n,") {
		return Replaces{}, fmt.Errorf("replaces: %q names no dialog", clean(v))
	}
	return r, nil
}

// Names says whether the dialog is the one meant; called on its actor.
func (r Replaces) Names(d *Dialog) bool {
	return d != nil && d.CallID() == r.CallID && d.LocalTag() == r.ToTag && d.RemoteTag() == r.FromTag
}

// Replaces is the dialog that the caller wants to take over; ok is false when the INVITE has no such header. More than
// one is an error (RFC 3891 3).
func (in *Invite) Replaces() (r Replaces, ok bool, err error) {
	headers := in.Headers("replaces")
	if len(headers) == 0 {
		return Replaces{}, false, nil
	}
	if len(headers) > 1 {
		return Replaces{}, true, fmt.Errorf("replaces: %d of them", len(headers))
	}
	r, err = ParseReplaces(headers[0])
	return r, true, err
}

// Refer is what a REFER asks for (RFC 3515).
type Refer struct {
	// Target is where to: the user part of Refer-To, or its number when it is a tel URI.
	Target string
	// Replaces is the dialog to be taken over there; nil for a transfer to a number.
	Replaces *Replaces
	// Bye: it is to be put out of the conference, not called.
	Bye bool
	// Silent: the phone wants no NOTIFYs (RFC 4488).
	Silent bool
}

// ParseRefer reads a REFER; errors say what is wrong with its Refer-To. An INVITE or a BYE can be asked for.
func ParseRefer(r *Request) (Refer, error) {
	u, query, err := parseReferTo(r.Header("refer-to"))
	if err != nil {
		return Refer{}, err
	}
	out := Refer{Target: userOf(u), Silent: strings.EqualFold(strings.TrimSpace(r.Header("refer-sub")), "false")}
	switch m, ok := param(u.UriParams, "method"); {
	case !ok, strings.EqualFold(m, "INVITE"):
	case strings.EqualFold(m, "BYE"):
		out.Bye = true
	default:
		return Refer{}, fmt.Errorf("refer-to: method %s", clean(m))
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.EqualFold(name, "replaces") {
			continue
		}
		text, err := url.PathUnescape(value)
		if err != nil {
			return Refer{}, fmt.Errorf("refer-to: %w", err)
		}
		rep, err := ParseReplaces(text)
		if err != nil {
			return Refer{}, err
		}
		out.Replaces = &rep
	}
	if out.Replaces == nil && !dialable(out.Target) {
		return Refer{}, fmt.Errorf("refer-to: %q cannot be dialled", clean(out.Target))
	}
	return out, nil
}

// dialable: a number, or a name that could be one: nothing that would need quoting anywhere.
func dialable(user string) bool {
	return user != "" && len(user) <= 64 && !strings.ContainsFunc(user, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"<>@\;,?&`, c)
	})
}

// parseReferTo splits a Refer-To value, with or without brackets and display name, into the URI and its headers.
func parseReferTo(v string) (u gosip.Uri, query string, err error) {
	text := strings.TrimSpace(v)
	if strings.HasPrefix(text, `"`) {
		if end := strings.LastIndexByte(text, '"'); end > 0 {
			text = text[end+1:]
		}
	}
	if open := strings.IndexByte(text, '<'); open >= 0 {
		inside, _, closed := strings.Cut(text[open+1:], ">")
		if !closed {
			return u, "", fmt.Errorf("refer-to: %q is not closed", clean(v))
		}
		text = inside
	}
	text, query, _ = strings.Cut(strings.TrimSpace(text), "?")
	if strings.ContainsAny(text, " \t\r\n<>\"") {
		return u, "", fmt.Errorf("refer-to: %q is no address", clean(v))
	}
	if err := gosip.ParseUri(text, &u); err != nil {
		return u, "", fmt.Errorf("refer-to: %q: %w", clean(v), err)
	}
	switch u.Scheme {
	case "sip", "sips", "tel":
		return u, query, nil
	}
	return u, "", fmt.Errorf("refer-to: scheme %q", clean(u.Scheme))
}
