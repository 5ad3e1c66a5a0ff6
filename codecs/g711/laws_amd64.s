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
WORDS(aExponent, $0x0820082008200820)   // (127+3)<<4
WORDS(aStep, $0x0010001000100010)       // what segment 1 has more than segment 0
WORDS(aSegment, $0x0100010001000100)    // the same in linear
WORDS(aToggles, $0x0055005500550055)    // aToggle
WORDS(middle, $0x10C110C110C110C1)      // 134<<5 | 1: the exponent of segment 0, and the middle of a step
WORDS(signBit, $0x0080008000800080)
WORDS(octet, $0x00FF00FF00FF00FF)
WORDS(low, $0x007F007F007F007F)

// The position of a magnitude's leading one and the four bits behind it, which both laws are made of, are a float's exponent and
// the first bits of its fraction.

// FLOATS makes of eight magnitudes in X0 their exponents and four bits; X7 is zero.
#define FLOATS \
	MOVO      X0, X2; \
	PUNPCKLWL X7, X0; \
	PUNPCKHWL X7, X2; \
	CVTPL2PS  X0, X0; \
	CVTPL2PS  X2, X2; \
	PSRLL     $19, X0; \
	PSRLL     $19, X2; \
	PACKSSLW  X2, X0

// LINEAR makes of eight segments and steps in X0, seven bits each, (33 + 2 step) << (segment+2); X7 is zero.
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

// func encodeMuSSE2(dst *byte, pcm *int16, eights int)
TEXT ·encodeMuSSE2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ pcm+8(FP), SI
	MOVQ eights+16(FP), CX
	PXOR X7, X7

encodeMu:
	MOVOU    (SI), X0
	MOVO     X0, X1
	PSRAW    $15, X1
	PXOR     X1, X0
	PSRLW    $2, X0
	PADDW    muBiases<>(SB), X0
	PMINSW   muMost<>(SB), X0
	FLOATS
	PSUBW    muExponent<>(SB), X0
	PAND     signBit<>(SB), X1
	POR      X1, X0
	PXOR     octet<>(SB), X0
	PACKUSWB X0, X0
	MOVQ     X0, (DI)
	ADDQ     $16, SI
	ADDQ     $8, DI
	DECQ     CX
	JNZ      encodeMu
	RET

// func decodeMuSSE2(dst *int16, payload *byte, eights int)
TEXT ·decodeMuSSE2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ payload+8(FP), SI
	MOVQ eights+16(FP), CX
	PXOR X7, X7

decodeMu:
	MOVQ      (SI), X0
	PUNPCKLBW X7, X0
	PXOR      octet<>(SB), X0
	MOVO      X0, X1
	PAND      low<>(SB), X0
	PAND      signBit<>(SB), X1
	PCMPEQW   signBit<>(SB), X1
	LINEAR
	PSUBW     muSilent<>(SB), X0
	PXOR      X1, X0
	PSUBW     X1, X0
	MOVOU     X0, (DI)
	ADDQ      $8, SI
	ADDQ      $16, DI
	DECQ      CX
	JNZ       decodeMu
	RET

// func encodeASSE2(dst *byte, pcm *int16, eights int)
TEXT ·encodeASSE2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ pcm+8(FP), SI
	MOVQ eights+16(FP), CX
	PXOR X7, X7

encodeA:
	MOVOU    (SI), X0
	MOVO     X0, X1
	PSRAW    $15, X1
	PXOR     X1, X0
	PSRLW    $4, X0
	MOVOU    aStep<>(SB), X3 // segment 0: as if of segment 1, and back
	PCMPGTW  X0, X3
	PAND     aStep<>(SB), X3
	PADDW    X3, X0
	FLOATS
	PSUBW    aExponent<>(SB), X0
	PSUBW    X3, X0
	PANDN    signBit<>(SB), X1
	POR      X1, X0
	PXOR     aToggles<>(SB), X0
	PACKUSWB X0, X0
	MOVQ     X0, (DI)
	ADDQ     $16, SI
	ADDQ     $8, DI
	DECQ     CX
	JNZ      encodeA
	RET

// func decodeASSE2(dst *int16, payload *byte, eights int)
TEXT ·decodeASSE2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ payload+8(FP), SI
	MOVQ eights+16(FP), CX
	PXOR X7, X7

decodeA:
	MOVQ      (SI), X0
	PUNPCKLBW X7, X0
	PXOR      aToggles<>(SB), X0
	MOVO      X0, X1
	PAND      low<>(SB), X0
	PAND      signBit<>(SB), X1
	PCMPEQW   X7, X1
	MOVOU     aStep<>(SB), X3 // segment 0: as if of segment 1, and back
	PCMPGTW   X0, X3
	MOVO      X3, X4
	PAND      aStep<>(SB), X3
	PAND      aSegment<>(SB), X4
	PADDW     X3, X0
	LINEAR
	PSUBW     X4, X0
	PXOR      X1, X0
	PSUBW     X1, X0
	MOVOU     X0, (DI)
	ADDQ      $8, SI
	ADDQ      $16, DI
	DECQ      CX
	JNZ       decodeA
	RET
