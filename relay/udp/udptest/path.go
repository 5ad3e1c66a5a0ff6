package udptest

import (
	"bytes"
	"container/heap"
	"net/netip"
)

// path names one direction between two addresses; jitter does not reorder within it.
type path struct{ from, to netip.AddrPort }

// flight is a datagram on its way.
type flight struct {
	at    int64
	order uint64
	path  path
	data  []byte
}

// send puts a datagram on its way, or loses it. With no delay it is there at once.
func (n *Network) send(from, to netip.AddrPort, data []byte) {
	if n.config.Loss > 0 && n.random.Float64() < n.config.Loss {
		return
	}
	f := &flight{at: n.now + int64(n.config.Delay), order: n.sent, path: path{from, to}, data: bytes.Clone(data)}
	n.sent++
	if n.config.Jitter > 0 {
		f.at += n.random.Int64N(int64(n.config.Jitter))
	}
	if n.config.Reorder > 0 && n.random.Float64() < n.config.Reorder {
		f.at += int64(HoldBack)
	} else {
		f.at = max(f.at, n.lastIn[f.path])
		n.lastIn[f.path] = f.at
	}
	if f.at <= n.now {
		n.deliver(f)
		n.changed.Broadcast()
		return
	}
	heap.Push(&n.flights, f)
}

// deliver puts a datagram into the port it is for; one for nobody is gone.
func (n *Network) deliver(f *flight) {
	to := f.path.to
	if nat := n.nats[to.Addr()]; nat != nil {
		inner, ok := nat.inward(f.path.from, to)
		if !ok {
			return
		}
		to = inner
	}
	p := n.ports[to]
	if p == nil || len(p.queue) >= queueLimit {
		return
	}
	p.queue = append(p.queue, datagram{f.path.from, f.data})
	if p.conn != nil {
		p.conn.ready = append(p.conn.ready, p)
	}
}

// flights is a heap by arrival, then by order of sending.
type flights []*flight

func (h flights) Len() int { return len(h) }
func (h flights) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}
func (h flights) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *flights) Push(x any)   { *h = append(*h, x.(*flight)) }
func (h *flights) Pop() any {
	old := *h
	f := old[len(old)-1]
	*h = old[:len(old)-1]
	return f
}
