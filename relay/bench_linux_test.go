package relay_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sidetone/relay"
	"sidetone/relay/rtp"
	"sidetone/relay/udp"
)

// TestAddedDelayIsLow holds the median way through a relay on real sockets under 5 ms, with the default window.
func TestAddedDelayIsLow(t *testing.T) { overSockets(t, addedDelayIsLow) }

func addedDelayIsLow(t *testing.T, sockets string) {
	r := onLoopback(t, relay.Config{Shards: 1, Sockets: sockets, BatchWindow: time.Millisecond})
	legA, err := r.OpenLeg(relay.LegConfig{ID: "A"})
	if err != nil {
		t.Fatal(err)
	}
	legB, err := r.OpenLeg(relay.LegConfig{ID: "B"})
	if err != nil {
		t.Fatal(err)
	}
	pa, pb := newSocketPhone(t, loopback, 0xa), newSocketPhone(t, loopback, 0xb)
	legA.SetRemote(relay.Remote{RTP: pa.addr()})
	legB.SetRemote(relay.Remote{RTP: pb.addr()})
	join(t, legA, legB)
	var took []time.Duration
	for i := range uint16(301) {
		start := time.Now()
		pa.send(t, legA.LocalRTP())
		pb.expect(t, 0xa, i, legB.LocalRTP())
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	t.Logf("median %v, 99 %% under %v", took[150], took[297])
	if took[150] > 5*time.Millisecond {
		t.Errorf("median %v", took[150])
	}
}

// threadCPU returns the CPU time of the shard's thread so far.
func threadCPU(b *testing.B, r *relay.Relay) (cpu time.Duration) {
	r.Do(0, func(*relay.Shard) {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
			b.Error(err)
		}
		cpu = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	})
	return cpu
}

// BenchmarkRelayLoopback relays bursts of 64 packets of 172 bytes, spread over calls, through one shard. cpu-ns/packet is
// the shard's thread alone: one packet received and sent.
func BenchmarkRelayLoopback(b *testing.B) {
	for _, sockets := range []string{"ports", "steered"} {
		for _, calls := range []int{1, 100, 2000} {
			b.Run(fmt.Sprintf("%s/calls=%d", sockets, calls), func(b *testing.B) { relayLoopback(b, sockets, calls) })
		}
	}
}

func relayLoopback(b *testing.B, sockets string, calls int) {
	const burst = 64
	r := onLoopback(b, relay.Config{Shards: 1, Sockets: sockets, BatchWindow: time.Millisecond})
	n, err := udp.NewPorts(udp.PortsConfig{ReceiveBuffer: 4 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer n.Close()
	c, err := n.Conn(burst)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	var peers [2]udp.Port // all calls share the two: a peer's address need not be its own
	for slot := range peers {
		if peers[slot], err = n.Open(netip.AddrPortFrom(loopback, 0)); err != nil {
			b.Fatal(err)
		}
		defer peers[slot].Close()
		if err := c.Attach(uint32(slot), peers[slot]); err != nil {
			b.Fatal(err)
		}
	}
	to := make([]netip.AddrPort, calls)
	for i := range calls {
		var legs [2]*relay.Leg
		for k := range legs {
			if legs[k], err = r.OpenLeg(relay.LegConfig{}); err != nil {
				b.Fatal(err)
			}
			legs[k].SetRemote(relay.Remote{RTP: peers[k].Local()})
		}
		join(b, legs[0], legs[1])
		to[i] = legs[0].LocalRTP()
	}
	out, in := make([]udp.Packet, burst), make([]udp.Packet, burst)
	for i := range out {
		out[i] = udp.Packet{Slot: 0, Data: make([]byte, 172)}
		rtp.Header{SSRC: uint32(i)}.Put(out[i].Data)
	}
	next := 0
	round := func(packets int) {
		for i := range packets {
			out[i].Addr = to[next%calls]
			next++
		}
		if failed := c.Send(out[:packets]); failed > 0 {
			b.Fatalf("%d not sent", failed)
		}
		for got, empty := 0, 0; got < packets; {
			k, err := c.Receive(in, 2*time.Second)
			if k == 0 {
				empty++ // a signal may have interrupted it
			}
			if err != nil || empty > 100 {
				b.Fatalf("%d of %d packets came through, %v", got, packets, err)
			}
			got += k
		}
	}
	for range 10 {
		round(burst)
	}
	before := threadCPU(b, r)
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= burst {
		round(min(left, burst))
	}
	b.StopTimer()
	b.ReportMetric(float64(threadCPU(b, r)-before)/float64(b.N), "cpu-ns/packet")
}
