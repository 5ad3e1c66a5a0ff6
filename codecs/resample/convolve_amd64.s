#include "textflag.h"

// func convolveSSE2(dst *int16, stride int, x *int16, step int, taps *int16, blocks int, shift uint, count int)
//
//	DI  where the next output goes     R8   bytes from one output to the next
//	SI  its oldest input               R9   bytes to the next output's
//	DX  the taps                       R10  blocks of them
//	R11 outputs left                   R12  shift, R13 half of the last bit
//	X0, X1  four sums of 32 bits each
TEXT ·convolveSSE2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ stride+8(FP), R8
	MOVQ x+16(FP), SI
	MOVQ step+24(FP), R9
	MOVQ taps+32(FP), DX
	MOVQ blocks+40(FP), R10
	MOVQ shift+48(FP), R12
	MOVQ count+56(FP), R11
	SHLQ $1, R8
	SHLQ $1, R9
	LEAQ -1(R12), CX
	MOVQ $1, R13
	SHLQ CX, R13

output:
	PXOR X0, X0
	PXOR X1, X1
	MOVQ SI, AX
	MOVQ DX, BX
	MOVQ R10, CX

block:
	MOVOU   0(AX), X2
	MOVOU   0(BX), X3
	PMADDWL X3, X2
	PADDL   X2, X0
	MOVOU   16(AX), X4
	MOVOU   16(BX), X5
	PMADDWL X5, X4
	PADDL   X4, X1
	ADDQ    $32, AX
	ADDQ    $32, BX
	DECQ    CX
	JNZ     block

	// Widen the four sums to 64 bits and add them.
	PADDL     X1, X0
	MOVO      X0, X1
	MOVO      X0, X2
	PSRAL     $31, X1
	PUNPCKLLQ X1, X0
	PUNPCKHLQ X1, X2
	PADDQ     X2, X0
	PSHUFD    $0x4E, X0, X1
	PADDQ     X1, X0
	MOVQ      X0, AX

	// Round, shift, saturate and store.
	MOVQ     R12, CX
	ADDQ     R13, AX
	SARQ     CX, AX
	MOVQ     AX, X0
	PACKSSLW X0, X0
	MOVQ     X0, AX
	MOVW     AX, (DI)
	ADDQ     R8, DI
	ADDQ     R9, SI
	DECQ     R11
	JNZ      output
	RET
