package sip

import "strings"

// Anonymous is the user part of a From that says nothing (RFC 3323 4.1.1.3).
const Anonymous = "anonymous"

// Nobody is who is shown in place of a caller who wants not to be.
var Nobody = Identity{Name: "Anonymous", User: Anonymous, Host: "anonymous.invalid"}

// Private says that the caller does not want to be shown: by Privacy (RFC 3323, RFC 3325) or an anonymous From.
func (in *Invite) Private() bool {
	for _, v := range in.Headers("privacy") {
		for _, want := range strings.FieldsFunc(v, func(r rune) bool { return r == ';' || r == ',' || r == ' ' }) {
			if want = strings.ToLower(want); want == "id" || want == "user" {
				return true
			}
		}
	}
	from := in.From()
	return strings.EqualFold(from.User, Anonymous) || strings.EqualFold(from.Host, Nobody.Host)
}

// tel is the number that the caller says is its own: From's, or where that is anonymous, what it would be known by to
// those it trusts (P-Preferred-Identity, P-Asserted-Identity, RFC 3325), else its Contact's. Digest has to prove it.
func (in *Invite) tel() string {
	from := in.From().User
	if !strings.EqualFold(from, Anonymous) {
		return from
	}
	for _, name := range [...]string{"p-preferred-identity", "p-asserted-identity", "contact"} {
		if u, _, err := parseReferTo(in.Header(name)); err == nil && userOf(u) != "" {
			return userOf(u)
		}
	}
	return from
}
