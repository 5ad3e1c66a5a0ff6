package load

import "net/netip"

// batchSize is the most packets one system call carries.
const batchSize = 64

// arrival is one received packet. data is valid until the next receive on the wire.
type arrival struct {
	data []byte
	from netip.AddrPort
	at   int64 // ns of the wall clock, by the kernel's note of when it was delivered to us
}

// The longest packet that is read whole: of media, and of control.
const (
	mediaPacket   = 512
	controlPacket = 8192
)

// receiveBuffer is how many bytes the kernel is asked to keep for one socket.
const receiveBuffer = 32 << 20
