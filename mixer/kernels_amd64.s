#include "textflag.h"

DATA half<>+0(SB)/8, $0x0000800000008000 // 32768, four times
DATA half<>+8(SB)/8, $0x0000800000008000
GLOBL half<>(SB), RODATA|NOPTR, $16

// WIDEN makes of eight words in X0 doublewords in X0 and X1.
#define WIDEN \
	MOVO      X0, X1; \
	PUNPCKLWL X0, X0; \
	PUNPCKHWL X1, X1; \
	PSRAL     $16, X0; \
	PSRAL     $16, X1

// func addSSE2(sum *int32, voice *int16, eights int)
TEXT ·addSSE2(SB), NOSPLIT, $0-24
	MOVQ sum+0(FP), DI
	MOVQ voice+8(FP), SI
	MOVQ eights+16(FP), CX

add:
	MOVOU (SI), X0
	WIDEN
	MOVOU (DI), X2
	MOVOU 16(DI), X3
	PADDL X0, X2
	PADDL X1, X3
	MOVOU X2, (DI)
	MOVOU X3, 16(DI)
	ADDQ  $16, SI
	ADDQ  $32, DI
	DECQ  CX
	JNZ   add
	RET

// func minusSSE2(dst, sum *int32, voice *int16, eights int)
TEXT ·minusSSE2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ sum+8(FP), DX
	MOVQ voice+16(FP), SI
	MOVQ eights+24(FP), CX

minus:
	MOVOU (SI), X0
	WIDEN
	MOVOU (DX), X2
	MOVOU 16(DX), X3
	PSUBL X0, X2
	PSUBL X1, X3
	MOVOU X2, (DI)
	MOVOU X3, 16(DI)
	ADDQ  $16, SI
	ADDQ  $32, DX
	ADDQ  $32, DI
	DECQ  CX
	JNZ   minus
	RET

// func squaresSSE2(x *int16, eights int) int64
//
// A sum of two squares is at most 2^31 and so has no sign.
TEXT ·squaresSSE2(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SI
	MOVQ eights+8(FP), CX
	PXOR X7, X7
	PXOR X6, X6
	PXOR X5, X5

squares:
	MOVOU     (SI), X0
	PMADDWL   X0, X0
	MOVO      X0, X1
	PUNPCKLLQ X7, X0
	PUNPCKHLQ X7, X1
	PADDQ     X0, X6
	PADDQ     X1, X5
	ADDQ      $16, SI
	DECQ      CX
	JNZ       squares
	PADDQ     X5, X6
	PSHUFD    $0x4E, X6, X0
	PADDQ     X0, X6
	MOVQ      X6, ret+16(FP)
	RET

// func narrowSSE2(dst *int16, mix *int32, eights int) (beyond uint32)
TEXT ·narrowSSE2(SB), NOSPLIT, $0-28
	MOVQ dst+0(FP), DI
	MOVQ mix+8(FP), SI
	MOVQ eights+16(FP), CX
	MOVO half<>(SB), X6
	PXOR X7, X7

narrow:
	MOVOU    (SI), X0
	MOVOU    16(SI), X1
	MOVO     X0, X2
	MOVO     X1, X3
	PADDL    X6, X2
	PADDL    X6, X3
	PACKSSLW X1, X0
	POR      X2, X7
	POR      X3, X7
	MOVOU    X0, (DI)
	ADDQ     $32, SI
	ADDQ     $16, DI
	DECQ     CX
	JNZ      narrow
	PSHUFD   $0x4E, X7, X0
	POR      X0, X7
	PSHUFD   $0xB1, X7, X0
	POR      X0, X7
	MOVD     X7, AX
	SHRL     $16, AX
	MOVL     AX, beyond+24(FP)
	RET
