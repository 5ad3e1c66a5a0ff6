package udp

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// Offsets in struct bpf_sk_lookup (linux/bpf.h), what the kernel tells of the packet it looks a socket up for.
const (
	ctxFamily    = 8
	ctxProtocol  = 12
	ctxLocalIP4  = 40 // network order
	ctxLocalIP6  = 44 // four words in network order
	ctxLocalPort = 60 // host order
)

const (
	skPass = 1 // go on: with the socket that was assigned, or the kernel's own lookup
	// noReuseport keeps the kernel from choosing again among the sockets that share the assigned one's port
	// (BPF_SK_LOOKUP_F_NO_REUSEPORT).
	noReuseport = 1 << 1
)

// portsPerAddress is the size of one address's part of the table: a byte for each port.
const portsPerAddress = 1 << 16

// program assembles the sk_lookup program. It runs for each packet that no connected socket takes:
//
//	UDP? ─► local address among addrs? ─► entry = table[address][port] ─► 0?  ─► assign sockets[2*(entry-1)+family]
//	 └──────────────────────┴──────────────────────────────────────────────┴────► the kernel's own lookup
//
// The addresses are constants in it, compared one by one. The table is read where it lies, without a helper call. An
// assignment that fails, as another program has made one before, leaves that one as it is.
func program(addrs []netip.Addr, table, sockets *ebpf.Map) *ebpf.ProgramSpec {
	in := asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.LoadMem(asm.R2, asm.R6, ctxProtocol, asm.Word),
		asm.JNE.Imm(asm.R2, unix.IPPROTO_UDP, "pass"),
		asm.LoadMem(asm.R7, asm.R6, ctxLocalPort, asm.Word),
		asm.And.Imm(asm.R7, portsPerAddress-1), // it is no more, but the verifier does not know
		asm.LoadMem(asm.R2, asm.R6, ctxFamily, asm.Word),
		asm.JEq.Imm(asm.R2, unix.AF_INET6, "v6"),
		asm.JNE.Imm(asm.R2, unix.AF_INET, "pass"),
		asm.Mov.Imm(asm.R9, 0),
		asm.LoadMem(asm.R2, asm.R6, ctxLocalIP4, asm.Word),
	}
	part := func(i int) string { return fmt.Sprintf("address%d", i) }
	for i, a := range addrs {
		if a.Is4() {
			b := a.As4()
			in = append(in, asm.JEq.Imm32(asm.R2, int32(binary.NativeEndian.Uint32(b[:])), part(i)))
		}
	}
	in = append(in, asm.Ja.Label("pass"), asm.Mov.Imm(asm.R9, 1).WithSymbol("v6"))
	words := []asm.Register{asm.R2, asm.R3, asm.R4, asm.R5}
	for k, r := range words {
		in = append(in, asm.LoadMem(r, asm.R6, int16(ctxLocalIP6+4*k), asm.Word))
	}
	sixth := func(n int) string { return fmt.Sprintf("sixth%d", n) }
	n := 0
	for i, a := range addrs {
		if !a.Is6() {
			continue
		}
		b := a.As16()
		for k := len(words) - 1; k >= 0; k-- { // the last word tells most addresses apart
			jump := asm.JNE.Imm32(words[k], int32(binary.NativeEndian.Uint32(b[4*k:])), sixth(n+1))
			if k == len(words)-1 {
				jump = jump.WithSymbol(sixth(n))
			}
			in = append(in, jump)
		}
		in = append(in, asm.Ja.Label(part(i)))
		n++
	}
	in = append(in, asm.Ja.Label("pass").WithSymbol(sixth(n)))
	for i := range addrs {
		in = append(in, asm.Mov.Imm(asm.R8, int32(i*portsPerAddress)).WithSymbol(part(i)), asm.Ja.Label("found"))
	}
	in = append(in,
		asm.Add.Reg(asm.R8, asm.R7).WithSymbol("found"),
		asm.LoadMapValue(asm.R1, table.FD(), 0),
		asm.Add.Reg(asm.R1, asm.R8),
		asm.LoadMem(asm.R8, asm.R1, 0, asm.Byte),
		asm.JEq.Imm(asm.R8, 0, "pass"),
		asm.Sub.Imm(asm.R8, 1),
		asm.LSh.Imm(asm.R8, 1),
		asm.Add.Reg(asm.R8, asm.R9),
		asm.StoreMem(asm.RFP, -4, asm.R8, asm.Word),
		asm.LoadMapPtr(asm.R1, sockets.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "pass"),
		asm.Mov.Reg(asm.R7, asm.R0),
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Mov.Reg(asm.R2, asm.R7),
		asm.Mov.Imm(asm.R3, noReuseport),
		asm.FnSkAssign.Call(),
		asm.Mov.Reg(asm.R1, asm.R7),
		asm.FnSkRelease.Call(),
		asm.Mov.Imm(asm.R0, skPass).WithSymbol("pass"),
		asm.Return(),
	)
	return &ebpf.ProgramSpec{Name: "sidetone_steer", Type: ebpf.SkLookup, AttachType: ebpf.AttachSkLookup, License: "MIT", Instructions: in}
}
