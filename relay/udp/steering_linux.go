package udp

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// steering is what the kernel holds for a Steered: the program, attached to the network namespace, and its two maps.
//
//	table    [address][port]entry   0 = not ours; shared memory: a store is all it takes to move a port
//	sockets  2*(entry-1)+family     the receive sockets (BPF_MAP_TYPE_SOCKMAP)
//
// Nothing is pinned: with the last of these files, at the latest when the process ends, the kernel takes it all away.
type steering struct {
	table   []byte
	files   [2]*ebpf.Map // table, sockets
	program *ebpf.Program
	link    *link.NetNsLink
}

// maxEntries is the number of entries that a byte of the table can name.
const maxEntries = 255

// newSteering loads the program and attaches it to the network namespace of the calling thread.
func newSteering(addrs []netip.Addr, entries int) (_ *steering, err error) {
	s := &steering{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	rlimit.RemoveMemlock() // before 5.11 maps count against the limit; where it cannot be raised, making them says so
	s.files[0], err = ebpf.NewMap(&ebpf.MapSpec{Name: "sidetone_table", Type: ebpf.Array, KeySize: 4, ValueSize: uint32(len(addrs) * portsPerAddress), MaxEntries: 1, Flags: unix.BPF_F_MMAPABLE})
	if err != nil {
		return nil, fmt.Errorf("table of ports: %w", err)
	}
	s.files[1], err = ebpf.NewMap(&ebpf.MapSpec{Name: "sidetone_shards", Type: ebpf.SockMap, KeySize: 4, ValueSize: 8, MaxEntries: uint32(2 * entries)})
	if err != nil {
		return nil, fmt.Errorf("table of sockets: %w", err)
	}
	if s.table, err = unix.Mmap(s.files[0].FD(), 0, len(addrs)*portsPerAddress, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	if s.program, err = ebpf.NewProgram(program(addrs, s.files[0], s.files[1])); err != nil {
		return nil, fmt.Errorf("sk_lookup program: %w", err)
	}
	namespace, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer namespace.Close()
	if s.link, err = link.AttachNetNs(int(namespace.Fd()), s.program); err != nil {
		return nil, fmt.Errorf("attach to the network namespace: %w", err)
	}
	return s, nil
}

// set says where packets to a port of address number i go; entry 0 = to whom the kernel finds. It holds for the next packet.
func (s *steering) set(i int, port uint16, entry uint8) { s.table[i*portsPerAddress+int(port)] = entry }

// assign makes a bound socket the receiver of an entry's packets of one family. Closing it ends that.
func (s *steering) assign(entry uint8, v6 bool, fd int) error {
	key := 2 * uint32(entry-1)
	if v6 {
		key++
	}
	if err := s.files[1].Put(key, uint64(fd)); err != nil {
		return fmt.Errorf("assign receive socket: %w", err)
	}
	return nil
}

// close detaches the program and gives everything back.
func (s *steering) close() {
	if s.link != nil {
		s.link.Close()
	}
	if s.program != nil {
		s.program.Close()
	}
	for _, m := range s.files {
		if m != nil {
			m.Close()
		}
	}
	if s.table != nil {
		unix.Munmap(s.table)
		s.table = nil
	}
}

// capabilities that steering needs, by their numbers in linux/capability.h. CAP_SYS_ADMIN stands for CAP_BPF.
var capabilities = []struct {
	name  string
	bits  []uint
	forit string
}{
	{"CAP_BPF", []uint{unix.CAP_BPF, unix.CAP_SYS_ADMIN}, "to load the program"},
	{"CAP_NET_ADMIN", []uint{unix.CAP_NET_ADMIN}, "to attach it"},
	{"CAP_NET_RAW", []uint{unix.CAP_NET_RAW}, "to send from every port"},
}

// missing says which capabilities the calling thread lacks, "" when none.
func missing() string {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return ""
	}
	var lacking []string
	for _, c := range capabilities {
		has := false
		for _, b := range c.bits {
			has = has || data[b/32].Effective&(1<<(b%32)) != 0
		}
		if !has {
			lacking = append(lacking, c.name+" "+c.forit)
		}
	}
	return strings.Join(lacking, ", ")
}

// unsupported says why steering did not come about. What is short for the moment keeps its own sentinel.
func unsupported(err error) error {
	if lacking := missing(); lacking != "" {
		return fmt.Errorf("%w: this process lacks %s", ErrUnsupported, lacking)
	}
	if err = openError(err); errors.Is(err, ErrFileDescriptors) || errors.Is(err, ErrAddressNotAvailable) {
		return err
	}
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w: the system forbids it in spite of all capabilities (a container's seccomp filter or user namespace?): %w", ErrUnsupported, err)
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS), errors.Is(err, ebpf.ErrNotSupported):
		return fmt.Errorf("%w: the kernel cannot do it (Linux 5.9 or newer is needed): %w", ErrUnsupported, err)
	}
	return fmt.Errorf("%w: %w", ErrUnsupported, err)
}
