package config

import (
	"fmt"
	"strings"

	"sidetone/mixer/tone"
)

// What the port ranges of media are held to. A call is two legs of one pair each.
const (
	lowestMediaPort = 1024
	leastPairs      = 2
)

// checkMedia checks the media section.
func checkMedia(r *report, c *Config, host Host) {
	m := &c.Media
	if len(m.Interfaces) == 0 {
		r.add("media.interfaces", "wants at least one interface")
	}
	for i := range m.Interfaces {
		checkInterface(r, c, i, host)
	}
	if j := m.Jitter; j.Min > j.Normal {
		r.beside("media.jitter.normal", "media.jitter.min", "%s is longer than normal, %s", j.Min, j.Normal)
	} else if j.Normal > j.Max {
		r.beside("media.jitter.max", "media.jitter.normal", "%s is longer than max, %s", j.Normal, j.Max)
	}
	if _, err := tone.Lookup(m.Tones); err != nil {
		r.add("media.tones", "there are none of %q; there are %s", m.Tones, strings.Join(tone.Countries(), ", "))
	}
	classes := map[string]int{}
	for i, class := range m.Music {
		path := entry("media.music", i)
		if class.Name == "" {
			r.add(path+".name", "is missing; stations name their music by it")
		} else if first, again := classes[class.Name]; again {
			r.add(path+".name", "%q is the name of %s already", class.Name, entry("media.music", first))
		} else {
			classes[class.Name] = i
		}
		if class.Rate != 8000 && class.Rate != 16000 && class.Rate != 48000 {
			r.add(path+".rate", "%d Hz; it is 8000, 16000 or 48000", class.Rate)
		}
		checkStream(r, class, path, host)
		for k, file := range class.Files {
			if err := host.HasFile(file); err != nil {
				r.add(entry(path+".files", k), "%s: %s", file, reason(err))
			}
		}
	}
}

// checkStream checks where a class of music is received.
func checkStream(r *report, class Music, path string, host Host) {
	a, err := ParseStream(class.Stream)
	if err != nil {
		r.add(path+".stream", "%s", err)
	} else if a.IsValid() && !a.Addr().IsMulticast() {
		checkLocal(r, path+".stream", a.Addr(), host)
	}
	if _, _, _, err := ParseCodec(class.Codec); err != nil {
		r.add(path+".codec", "%s", err)
	} else if class.Codec != "" && class.Stream == "" {
		r.add(path+".codec", "is that of a stream, and there is none")
	}
}

// checkInterface checks one address of the media interfaces, by itself and with those before it.
func checkInterface(r *report, c *Config, i int, host Host) {
	n := &c.Media.Interfaces[i]
	path := entry("media.interfaces", i)
	if n.Name == "" {
		r.add(path+".name", "is missing")
	}
	switch a := n.Address; {
	case !a.IsValid():
		r.add(path+".address", "is missing; this machine has %s", addressList(host))
	case a.IsUnspecified():
		r.add(path+".address", "%s is no address to give to phones; name one of %s", a, addressList(host))
	case a.IsMulticast():
		r.add(path+".address", "%s is a multicast address", a)
	default:
		checkLocal(r, path+".address", a, host)
	}
	if a := n.Advertise; a.IsValid() && (a.IsUnspecified() || a.IsMulticast() || a.Is4() != n.Address.Is4()) {
		r.add(path+".advertise", "%s cannot stand for %s: a unicast address of the same family is wanted", a, n.Address)
	}
	if text := portFault(n.Ports); text != "" {
		r.add(path+".ports", "%s", text)
		return
	}
	if r.broken[path+".address"] {
		return
	}
	for _, port := range c.signallingPorts(n.Address) {
		if n.Ports.First <= port && port <= n.Ports.Last {
			r.add(path+".ports", "%s holds port %d, which sip.listen takes", n.Ports, port)
		}
	}
	for k := range i {
		o := &c.Media.Interfaces[k]
		if o.Address == n.Address && o.Ports.First <= n.Ports.Last && n.Ports.First <= o.Ports.Last {
			r.add(path+".ports", "%s overlaps %s of %s on the same address", n.Ports, o.Ports, entry("media.interfaces", k))
		} else if o.Name == n.Name && o.Address.Is4() == n.Address.Is4() {
			r.add(path+".name", "%q has an address of this family already, in %s", n.Name, entry("media.interfaces", k))
		}
	}
}

// portFault says what is wrong with a range, "" when nothing is.
func portFault(p PortRange) string {
	switch {
	case p.First > p.Last:
		return fmt.Sprintf("%s is the wrong way round; write %d-%d", p, p.Last, p.First)
	case p.First < lowestMediaPort:
		return fmt.Sprintf("%s begins below %d, with ports that need privileges", p, lowestMediaPort)
	case p.Pairs() < leastPairs:
		return fmt.Sprintf("%s is too small: it holds %d pairs (an even port for RTP, the next for RTCP) and a call needs %d, such as %d-%d",
			p, p.Pairs(), leastPairs, p.First&^1, int(p.First&^1)+2*leastPairs-1)
	}
	return ""
}

func addressList(host Host) string {
	var list []string
	for _, a := range host.Addresses() {
		list = append(list, a.String())
	}
	return strings.Join(list, ", ")
}
