package sip

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Account is a station's account. Only hashes of the password are kept (S2).
type Account struct {
	// Tel is the station's number: the user part of its From, To and Contact.
	Tel string
	// UserID is its digest username, apart from Tel (S1): both must fit.
	UserID string
	Name   string
	HA1    HA1
	NAT    NATMode
	// ByAddress lets the station's INVITEs in by its registered address even if Config.AuthInvites is on.
	ByAddress bool
}

// HA1 are H(user:realm:password) in lower-case hex (RFC 7616 3.4.2).
type HA1 struct{ MD5, SHA256 string }

// NewHA1 hashes a password.
func NewHA1(userID, realm, password string) HA1 {
	a1 := []byte(strings.Join([]string{userID, realm, password}, ":"))
	m, s := md5.Sum(a1), sha256.Sum256(a1)
	return HA1{MD5: hex.EncodeToString(m[:]), SHA256: hex.EncodeToString(s[:])}
}

// NATMode says whether a station is behind NAT: found out by the NAT check, or known.
type NATMode int

const (
	NATAuto NATMode = iota
	NATYes
	NATNo
)

// Accounts finds stations. Safe for concurrent use, from memory: it is asked on the goroutines that read the sockets.
type Accounts interface {
	ByTel(tel string) (Account, bool)
}

type noAccounts struct{}

func (noAccounts) ByTel(string) (Account, bool) { return Account{}, false }
