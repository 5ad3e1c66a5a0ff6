package versus

import (
	"context"
	"crypto/rand"
	"net/netip"
	"strconv"

	"sidetone/bench/load"
	"sidetone/bench/machine"
	"sidetone/bench/peer"
)

// Contender is one of the two servers.
type Contender struct {
	Name    string
	Version string
	SIP     bool // it also takes SIP calls of the stations of its Place
	// Start starts it by peer.StartServer, on the thread it is called on. It need not be ready when it returns.
	Start func(Place) (*peer.Server, error)
	// Join has members come into the conferences of the Place, those of a conference one after the other, and returns the
	// server's port for each; for the bench mix alone. It waits until the server serves.
	Join func(ctx context.Context, p Place, media []netip.AddrPort) ([]netip.AddrPort, error)
}

// Place is where a contender is to run.
type Place struct {
	Dir                 string         // scratch, its own
	Control             netip.AddrPort // where it answers ng
	SIP                 netip.AddrPort // where it answers SIP, if it can
	Callers, Callees    []load.Account // its stations, if it has any: each of the first calls one of the second
	Rooms               int            // conferences it has, numbered from FirstRoom on; members come into the first Conferences
	FirstPort, LastPort uint16         // media, on the address of Control
	CPU                 int            // its core
}

// The media ports: enough for 10,000 legs with RTCP, and not those that the system gives to anybody. In a network of
// our own there are more, so that a server may let the ports of an ended call rest for a while.
const (
	firstPort      = machine.LastEphemeral + 1
	lastPort       = 59_999
	lastSharedPort = 31_999
)

// sipPairs is how many calls are under way at once when whole SIP calls are counted.
const sipPairs = 32

// FirstRoom is the number of the first conference, Conferences how many have members, idleRooms how many more have none.
const (
	FirstRoom   = 100_000
	Conferences = 60
	idleRooms   = 5000
)

// stations returns so many accounts that nobody can guess, numbered from first on.
func stations(first, count int) []load.Account {
	accounts := make([]load.Account, count)
	for i := range accounts {
		tel := strconv.Itoa(first + i)
		accounts[i] = load.Account{Tel: tel, UserID: "u" + tel, Password: rand.Text()}
	}
	return accounts
}
