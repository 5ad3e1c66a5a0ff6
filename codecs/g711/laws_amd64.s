#include "textflag.h"

// Eight words each.
#define WORDS(name, v) \
	DATA name<>+0(SB)/8, v; \
	DATA name<>+8(SB)/8, v; \
	GLOBL name<>(SB), RODATA|NOPTR, $16

WORDS(muBiases, $0x0021002100210021)    // muBias
WORDS(muMost, $0x1FFF1FFF1FFF1FFF)      // the largest biased magnitude
WORDS(muExponent, $0x0840084008400840)  // (127+5)<<4: a float's exponent and four bits of it for segment 0
WORDS(muSilent, $0x0084008400840084)    // muBias<<2
WORDS(muToggles, $0x00FF00FF00FF00FF)   // the bits inverted on the line, where the sign bit is set for negatives
WORDS(aExponent, $0x0820082008200820)   // (127+3)<<4
WORDS(aStep, $0x0010001000100010)       // what segment 1 has more than segment 0
WORDS(aSegment, $0x0100010001000100)    // the same in linear
WORDS(aToggles, $0x00D500D500D500D5)    // aToggle, and the sign bit, which A-law sets for the others
WORDS(middle, $0x10C110C110C110C1)      // 134<<5 | 1: the exponent of segment 0, and the middle of a step
WORDS(signBit, $0x0080008000800080)
WORDS(low, $0x007F007F007F007F)

// A law is what it does between MAGNITUDES and OCTETS, and between STEPS and SAMPLES. X7 is zero, X1 has the signs.

#define POINTERS \
	MOVQ dst+0(FP), DI; \
	MOVQ from+8(FP), SI; \
	MOVQ eights+16(FP), CX; \
	PXOR X7, X7

// MAGNITUDES reads eight samples: in X0 their magnitudes without the bits that are not used.
#define MAGNITUDES(unused) \
	MOVOU (SI), X0; \
	MOVO  X0, X1; \
	PSRAW $15, X1; \
	PXOR  X1, X0; \
	PSRLW unused, X0

// OCTETS writes eight octets, of segments and steps in X0, and goes on with the next eight.
#define OCTETS(toggles, next) \
	PAND     signBit<>(SB), X1; \
	POR      X1, X0; \
	PXOR     toggles<>(SB), X0; \
	PACKUSWB X0, X0; \
	MOVQ     X0, (DI); \
	ADDQ     $16, SI; \
	ADDQ     $8, DI; \
	DECQ     CX; \
	JNZ      next; \
	RET

// STEPS reads eight octets: in X0 their segments and steps.
#define STEPS(toggles) \
	MOVQ      (SI), X0; \
	PUNPCKLBW X7, X0; \
	PXOR      toggles<>(SB), X0; \
	MOVO      X0, X1; \
	PAND      low<>(SB), X0; \
	PAND      signBit<>(SB), X1; \
	PCMPEQW   signBit<>(SB), X1

// SAMPLES writes eight samples, of magnitudes in X0, and goes on with the next eight.
#define SAMPLES(next) \
	PXOR  X1, X0; \
	PSUBW X1, X0; \
	MOVOU X0, (DI); \
	ADDQ  $8, SI; \
	ADDQ  $16, DI; \
	DECQ  CX; \
	JNZ   next; \
	RET

// The position of a magnitude's leading one and the four bits behind it, which both laws are made of, are a float's exponent and
// the first bits of its fraction.

// FLOATS makes of eight magnitudes in X0 their exponents and four bits.
#define FLOATS \
	MOVO      X0, X2; \
	PUNPCKLWL X7, X0; \
	PUNPCKHWL X7, X2; \
	CVTPL2PS  X0, X0; \
	CVTPL2PS  X2, X2; \
	PSRLL     $19, X0; \
	PSRLL     $19, X2; \
	PACKSSLW  X2, X0

// LINEAR makes of eight segments and steps in X0, seven bits each, (33 + 2 step) << (segment+2).
#define LINEAR \
	PADDW     X0, X0; \
	PADDW     middle<>(SB), X0; \
	MOVO      X0, X2; \
	PUNPCKLWL X7, X0; \
	PUNPCKHWL X7, X2; \
	PSLLL     $18, X0; \
	PSLLL     $18, X2; \
	CVTTPS2PL X0, X0; \
	CVTTPS2PL X2, X2; \
	PACKSSLW  X2, X0

// FIRST is aStep in X3 where X0, in units of a step, is in A-law's segment 0, which counts as if it were of segment 1, and back.
#define FIRST \
	MOVOU   aStep<>(SB), X3; \
	PCMPGTW X0, X3; \
	MOVO    X3, X4; \
	PAND    aStep<>(SB), X3

// func encodeMuSSE2(dst *byte, from *int16, eights int)
TEXT ·encodeMuSSE2(SB), NOSPLIT, $0-24
	POINTERS

encodeMu:
	MAGNITUDES($2)
	PADDW  muBiases<>(SB), X0
	PMINSW muMost<>(SB), X0
	FLOATS
	PSUBW  muExponent<>(SB), X0
	OCTETS(muToggles, encodeMu)

// func decodeMuSSE2(dst *int16, from *byte, eights int)
TEXT ·decodeMuSSE2(SB), NOSPLIT, $0-24
	POINTERS

decodeMu:
	STEPS(muToggles)
	LINEAR
	PSUBW muSilent<>(SB), X0
	SAMPLES(decodeMu)

// func encodeASSE2(dst *byte, from *int16, eights int)
TEXT ·encodeASSE2(SB), NOSPLIT, $0-24
	POINTERS

encodeA:
	MAGNITUDES($4)
	FIRST
	PADDW X3, X0
	FLOATS
	PSUBW aExponent<>(SB), X0
	PSUBW X3, X0
	OCTETS(aToggles, encodeA)

// func decodeASSE2(dst *int16, from *byte, eights int)
TEXT ·decodeASSE2(SB), NOSPLIT, $0-24
	POINTERS

decodeA:
	STEPS(aToggles)
	FIRST
	PAND  aSegment<>(SB), X4
	PADDW X3, X0
	LINEAR
	PSUBW X4, X0
	SAMPLES(decodeA)
