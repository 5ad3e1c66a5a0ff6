#include "textflag.h"

// func call(fn, top uintptr, args *[6]uintptr) uintptr
//
// The System V calling convention: six integers in DI SI DX CX R8 R9, the number of vector arguments in
// AX, the result in AX; BX BP R12-R15 come back as they were, so that R12 can keep Go's stack pointer and
// g stays in R14. No signal is taken on this stack (Go's handlers have their own), no preemption happens
// while the PC is outside Go's code, and the thread register is not touched.
TEXT ·call(SB), NOSPLIT, $0-32
	MOVQ fn+0(FP), R11
	MOVQ top+8(FP), R13
	MOVQ args+16(FP), AX
	MOVQ 0(AX), DI
	MOVQ 8(AX), SI
	MOVQ 16(AX), DX
	MOVQ 24(AX), CX
	MOVQ 32(AX), R8
	MOVQ 40(AX), R9
	XORL AX, AX
	MOVQ SP, R12
	MOVQ R13, SP
	CALL R11
	MOVQ R12, SP
	MOVQ AX, ret+24(FP)
	RET
