package g722

// quantizeLow gives the six-bit code IL of the lower sub-band's difference, 16 bits (block QUANTL).
//
// The recommendation finds the first of the levels q with magnitude < q*det>>12. A level is at or
// below the magnitude just when q <= ((magnitude+1)<<12 - 1) / det, and codeLow knows by that
// quotient how many are: one division in place of up to 29 products.
func quantizeLow(difference, det int32) byte {
	sign := difference >> 31
	ratio := (uint32(difference^sign)<<12 | 0xFFF) / uint32(det)
	return codeLow[sign&1][min(ratio, uint32(len(codeLow[0])-1))]
}

// codeLow gives IL by the sign of the difference and its ratio to the scale factor, in 1/4096. It is
// filled before main and never written again.
var codeLow = func() (t [2][2920]byte) {
	magnitude := 0 // levels at or below the ratio
	for ratio := range t[0] {
		for magnitude < len(decisionLow) && decisionLow[magnitude] <= int32(ratio) {
			magnitude++
		}
		t[0][ratio] = byte(61 - magnitude)
		t[1][ratio] = byte(33 - magnitude)
		if magnitude < 2 {
			t[1][ratio] = byte(63 - magnitude)
		}
	}
	return t
}()

// quantizeHigh gives the two-bit code IH of the higher sub-band's difference, 16 bits (block QUANTH).
func quantizeHigh(difference, det int32) byte {
	sign := difference >> 31
	small := ((difference ^ sign) - decisionHigh*det>>12) >> 31
	return byte(^sign&2 | small&1)
}
