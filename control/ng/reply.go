package ng

import "strconv"

// reply is one that is being written, in the encoding of its request. The keys of a dictionary are to be
// written in their order.
type reply struct {
	enc  encoding
	room int // bytes that the message should have at most, 0 = any number
	b    []byte
	head int // of which the cookie
}

// start begins the reply to a request with that cookie.
func (w *reply) start(cookie string, enc encoding, room int) {
	w.enc, w.room = enc, room
	w.b = append(append(w.b[:0], cookie...), ' ')
	w.head = len(w.b)
}

// reset forgets everything but the cookie.
func (w *reply) reset() { w.b = w.b[:w.head] }

// fits reports whether what is written is within the room it has.
func (w *reply) fits() bool { return w.room <= 0 || len(w.b) <= w.room }

// next separates what follows from what was before.
func (w *reply) next() {
	if w.enc == inJSON && len(w.b) > w.head {
		switch w.b[len(w.b)-1] {
		case '{', '[', ':':
		default:
			w.b = append(w.b, ',')
		}
	}
}

func (w *reply) text(s string) {
	w.next()
	if w.enc == inJSON {
		w.b = appendJSONString(w.b, s)
		return
	}
	w.b = strconv.AppendInt(w.b, int64(len(s)), 10)
	w.b = append(append(w.b, ':'), s...)
}

func (w *reply) number(n int64) {
	w.next()
	if w.enc == inJSON {
		w.b = strconv.AppendInt(w.b, n, 10)
		return
	}
	w.b = append(strconv.AppendInt(append(w.b, 'i'), n, 10), 'e')
}

// key starts an entry of the open dictionary.
func (w *reply) key(name string) {
	w.text(name)
	if w.enc == inJSON {
		w.b = append(w.b, ':')
	}
}

func (w *reply) pair(name, text string) {
	w.key(name)
	w.text(text)
}

func (w *reply) count(name string, n int64) {
	w.key(name)
	w.number(n)
}

func (w *reply) dict() { w.open('d', '{') }
func (w *reply) list() { w.open('l', '[') }

func (w *reply) open(bencode, json byte) {
	w.next()
	if w.enc == inJSON {
		bencode = json
	}
	w.b = append(w.b, bencode)
}

func (w *reply) endDict() { w.end('}') }
func (w *reply) endList() { w.end(']') }

func (w *reply) end(json byte) {
	if w.enc == inJSON {
		w.b = append(w.b, json)
		return
	}
	w.b = append(w.b, 'e')
}

// result writes a whole reply: what it says besides its result, if anything, and the result.
func (w *reply) result(result, key, text string) {
	w.reset()
	w.dict()
	if key != "" && key < "result" {
		w.pair(key, text)
	}
	w.pair("result", result)
	if key > "result" {
		w.pair(key, text)
	}
	w.endDict()
}

// ok is the reply that says no more than that, warned one about something that could not be done and
// matters little, described one with a description.
func (w *reply) ok()                   { w.result("ok", "", "") }
func (w *reply) warned(why reason)     { w.result("ok", "warning", string(why)) }
func (w *reply) described(text string) { w.result("ok", "sdp", text) }
