package record

import "encoding/binary"

// headerSize is where the samples begin.
//
//	RIFF size WAVE │ JUNK 28 …            │ fmt 16 …  │ data size │ samples
//	RF64  -1  WAVE │ ds64 28 riff data n 0│ fmt 16 …  │ data  -1  │ samples     past 4 GiB
const headerSize = 12 + 8 + 28 + 8 + 16 + 8

// header is that of a file with so many octets of samples.
func header(rate, channels int, octets int64) []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, headerSize)
	riff := octets + headerSize - 8
	large := riff > 0xFFFFFFFF
	size := func(n int64) uint32 {
		if large {
			return 0xFFFFFFFF
		}
		return uint32(n)
	}
	name := func(small, big string) string {
		if large {
			return big
		}
		return small
	}
	b = append(b, name("RIFF", "RF64")...)
	b = le.AppendUint32(b, size(riff))
	b = append(b, "WAVE"...)
	b = append(b, name("JUNK", "ds64")...)
	b = le.AppendUint32(b, 28)
	var sizes [28]byte
	if large {
		le.PutUint64(sizes[0:], uint64(riff))
		le.PutUint64(sizes[8:], uint64(octets))
		le.PutUint64(sizes[16:], uint64(octets/int64(2*channels)))
	}
	b = append(b, sizes[:]...)
	b = append(b, "fmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, 1) // PCM
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*channels*2))
	b = le.AppendUint16(b, uint16(channels*2))
	b = le.AppendUint16(b, 16)
	b = append(b, "data"...)
	return le.AppendUint32(b, size(octets))
}
