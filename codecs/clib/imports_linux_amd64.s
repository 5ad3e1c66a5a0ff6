#include "textflag.h"

// What codecs' libraries import of libc and libm, in the System V calling convention: integers in
// DI SI DX CX, floating point in X0 X1, results in AX or X0. Octets from -128(SP) up are free for a
// function that calls none. The mathematics are the x87's, exact to more than a double has; their
// arguments are finite, as a codec's are.

// void *memcpy(void *to, const void *from, size_t n); memmove is the same, any overlap is allowed
TEXT memmove<>(SB), NOSPLIT|NOFRAME, $0
	MOVQ DI, AX
	MOVQ DX, CX
	MOVQ DI, R8
	SUBQ SI, R8
	CMPQ R8, DX
	JCS  backwards // to lies within from's octets, above its first
	MOVQ CX, DX
	SHRQ $3, CX
	REP; MOVSQ
	MOVQ DX, CX
	ANDQ $7, CX
	REP; MOVSB
	RET
backwards:
	TESTQ R8, R8
	JZ   same
	LEAQ -1(DI)(DX*1), DI
	LEAQ -1(SI)(DX*1), SI
	STD
	REP; MOVSB
	CLD
same:
	RET

// void *memset(void *to, int octet, size_t n)
TEXT memset<>(SB), NOSPLIT|NOFRAME, $0
	MOVQ DI, R8
	MOVL SI, AX
	MOVQ DX, CX
	REP; STOSB
	MOVQ R8, AX
	RET

// int memcmp(const void *a, const void *b, size_t n)
TEXT memcmp<>(SB), NOSPLIT|NOFRAME, $0
	XORL AX, AX
	XORL CX, CX
next:
	CMPQ CX, DX
	JEQ  done
	MOVBLZX (DI)(CX*1), AX
	MOVBLZX (SI)(CX*1), R8
	INCQ CX
	SUBL R8, AX
	JEQ  next
done:
	RET

// void *calloc(size_t n, size_t size)
// void *malloc(size_t n): the next octets of the block of this call, which stands at the top of its
// stack (stack.go): the first free address, then the end. 0 when there is not enough.
TEXT calloc<>(SB), NOSPLIT|NOFRAME, $0
	MOVQ DI, AX
	MULQ SI
	JCS  none
	MOVQ AX, DI
	CALL malloc<>(SB)
	TESTQ AX, AX
	JZ   none
	MOVQ AX, R8
	MOVQ DI, CX
	MOVQ AX, DI
	XORL AX, AX
	REP; STOSB
	MOVQ R8, AX
	RET
none:
	XORL AX, AX
	RET

TEXT malloc<>(SB), NOSPLIT|NOFRAME, $0
	MOVQ SP, DX
	ORQ  $0xFFFFF, DX
	MOVQ -63(DX), AX // next
	MOVQ -55(DX), CX // end
	SUBQ AX, CX
	CMPQ DI, CX
	JHI  full
	LEAQ 15(AX)(DI*1), CX
	ANDQ $~15, CX
	MOVQ CX, -63(DX)
	RET
full:
	XORL AX, AX
	RET

// void free(void *p), and all that only prints: nothing
TEXT nothing<>(SB), NOSPLIT|NOFRAME, $0
	XORL AX, AX
	RET

// void abort(void)
TEXT abort<>(SB), NOSPLIT|NOFRAME, $0
	UNDEF
	RET

// int abs(int)
TEXT abs<>(SB), NOSPLIT|NOFRAME, $0
	MOVL DI, AX
	NEGL AX
	CMOVLLT DI, AX
	RET

// F0 = 2**F0
#define POWER_OF_TWO \
	FMOVD F0, F1; \
	FRNDINT; \
	FSUBD F0, F1; \
	FXCHD F0, F1; \
	F2XM1; \
	FLD1; \
	FADDDP F0, F1; \
	FSCALE; \
	FMOVDP F0, F1

#define TAKE(x, slot) MOVSD x, slot(SP)
#define GIVE FMOVDP F0, -8(SP); MOVSD -8(SP), X0; RET

// double exp(double)
TEXT exp<>(SB), NOSPLIT|NOFRAME, $0
	TAKE(X0, -8)
	FLDL2E
	FMULD -8(SP), F0
	POWER_OF_TWO
	GIVE

// double log(double)
TEXT log<>(SB), NOSPLIT|NOFRAME, $0
	TAKE(X0, -8)
	FLDLN2
	FMOVD -8(SP), F0
	FYL2X
	GIVE

// double log10(double)
TEXT log10<>(SB), NOSPLIT|NOFRAME, $0
	TAKE(X0, -8)
	FLDLG2
	FMOVD -8(SP), F0
	FYL2X
	GIVE

// double log2(double)
TEXT log2<>(SB), NOSPLIT|NOFRAME, $0
	TAKE(X0, -8)
	FLD1
	FMOVD -8(SP), F0
	FYL2X
	GIVE

// double pow(double x, double y) of a positive x; 0 of any other
TEXT pow<>(SB), NOSPLIT|NOFRAME, $0
	XORPS X2, X2
	UCOMISD X2, X0
	JLS  zero
	TAKE(X0, -8)
	TAKE(X1, -16)
	FMOVD -16(SP), F0
	FMOVD -8(SP), F0
	FYL2X
	POWER_OF_TWO
	GIVE
zero:
	MOVAPS X2, X0
	RET

// double sin(double)
TEXT sin<>(SB), NOSPLIT|NOFRAME, $0
	TAKE(X0, -8)
	FMOVD -8(SP), F0
	FSIN
	GIVE

// double cos(double)
TEXT cos<>(SB), NOSPLIT|NOFRAME, $0
	TAKE(X0, -8)
	FMOVD -8(SP), F0
	FCOS
	GIVE

// void sincos(double, double *sine, double *cosine)
TEXT sincos<>(SB), NOSPLIT|NOFRAME, $0
	TAKE(X0, -8)
	FMOVD -8(SP), F0
	FSINCOS
	FMOVDP F0, (SI)
	FMOVDP F0, (DI)
	RET

// double sqrt(double)
TEXT sqrt<>(SB), NOSPLIT|NOFRAME, $0
	SQRTSD X0, X0
	RET

// double floor(double) of what an int64 holds
TEXT floor<>(SB), NOSPLIT|NOFRAME, $0
	CVTTSD2SQ X0, AX
	CVTSQ2SD AX, X1
	UCOMISD X0, X1
	JLS  below // x was not less than its integer
	SUBQ $1, AX
	CVTSQ2SD AX, X1
below:
	MOVAPS X1, X0
	RET

// long lrint(double)
TEXT lrint<>(SB), NOSPLIT|NOFRAME, $0
	CVTSD2SQ X0, AX
	RET

// The float functions: those of doubles.
#define FLOAT(name, of) \
TEXT name<>(SB), NOSPLIT|NOFRAME, $0 \
	CVTSS2SD X0, X0; \
	CVTSS2SD X1, X1; \
	CALL of<>(SB); \
	CVTSD2SS X0, X0; \
	RET

FLOAT(expf, exp)
FLOAT(logf, log)
FLOAT(log10f, log10)
FLOAT(log2f, log2)
FLOAT(powf, pow)
FLOAT(sinf, sin)
FLOAT(cosf, cos)
FLOAT(floorf, floor)

// void sincosf(float, float *sine, float *cosine)
TEXT sincosf<>(SB), NOSPLIT|NOFRAME, $0
	CVTSS2SD X0, X0
	TAKE(X0, -8)
	FMOVD -8(SP), F0
	FSINCOS
	FMOVFP F0, (SI)
	FMOVFP F0, (DI)
	RET

TEXT sqrtf<>(SB), NOSPLIT|NOFRAME, $0
	SQRTSS X0, X0
	RET

TEXT lrintf<>(SB), NOSPLIT|NOFRAME, $0
	CVTSS2SQ X0, AX
	RET

// A word of zeros: stderr.
GLOBL zeros<>(SB), RODATA, $8

DATA ·importTable+0(SB)/8, $memmove<>(SB)
DATA ·importTable+8(SB)/8, $memset<>(SB)
DATA ·importTable+16(SB)/8, $memcmp<>(SB)
DATA ·importTable+24(SB)/8, $malloc<>(SB)
DATA ·importTable+32(SB)/8, $calloc<>(SB)
DATA ·importTable+40(SB)/8, $nothing<>(SB)
DATA ·importTable+48(SB)/8, $exp<>(SB)
DATA ·importTable+56(SB)/8, $log<>(SB)
DATA ·importTable+64(SB)/8, $log10<>(SB)
DATA ·importTable+72(SB)/8, $log2<>(SB)
DATA ·importTable+80(SB)/8, $pow<>(SB)
DATA ·importTable+88(SB)/8, $sin<>(SB)
DATA ·importTable+96(SB)/8, $cos<>(SB)
DATA ·importTable+104(SB)/8, $sincos<>(SB)
DATA ·importTable+112(SB)/8, $sqrt<>(SB)
DATA ·importTable+120(SB)/8, $floor<>(SB)
DATA ·importTable+128(SB)/8, $lrint<>(SB)
DATA ·importTable+136(SB)/8, $expf<>(SB)
DATA ·importTable+144(SB)/8, $logf<>(SB)
DATA ·importTable+152(SB)/8, $log10f<>(SB)
DATA ·importTable+160(SB)/8, $log2f<>(SB)
DATA ·importTable+168(SB)/8, $powf<>(SB)
DATA ·importTable+176(SB)/8, $sinf<>(SB)
DATA ·importTable+184(SB)/8, $cosf<>(SB)
DATA ·importTable+192(SB)/8, $sincosf<>(SB)
DATA ·importTable+200(SB)/8, $sqrtf<>(SB)
DATA ·importTable+208(SB)/8, $floorf<>(SB)
DATA ·importTable+216(SB)/8, $lrintf<>(SB)
DATA ·importTable+224(SB)/8, $abs<>(SB)
DATA ·importTable+232(SB)/8, $nothing<>(SB)
DATA ·importTable+240(SB)/8, $abort<>(SB)
DATA ·importTable+248(SB)/8, $abort<>(SB)
DATA ·importTable+256(SB)/8, $zeros<>(SB)
GLOBL ·importTable(SB), NOPTR, $264
