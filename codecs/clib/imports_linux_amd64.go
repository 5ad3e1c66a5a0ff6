package clib

// importTable has the addresses of the functions of imports_linux_amd64.s, in the order of importNames,
// and at its end that of a word of zeros.
var importTable [33]uintptr

// importNames are what a library may import. What the C library's hardening adds (the names in __...)
// has the size of the target as one more argument, which the plain functions do not look at.
var importNames = [...][]string{
	{"memcpy", "memmove", "__memcpy_chk", "__memmove_chk"}, {"memset", "__memset_chk"}, {"memcmp"},
	{"malloc"}, {"calloc"}, {"free"},
	{"exp"}, {"log"}, {"log10"}, {"log2"}, {"pow"}, {"sin"}, {"cos"}, {"sincos"}, {"sqrt"}, {"floor"}, {"lrint"},
	{"expf"}, {"logf"}, {"log10f"}, {"log2f"}, {"powf"}, {"sinf"}, {"cosf"}, {"sincosf"}, {"sqrtf"}, {"floorf"}, {"lrintf"},
	{"abs"},
	{"fprintf", "__fprintf_chk", "fwrite", "putc", "fputs"}, // nobody reads what a library prints
	{"abort", "__assert_fail"},                              // the program ends
	{"__stack_chk_fail"},
	{"stderr"},
}

// imported gives the address of what stands for a function or variable of the C library.
func imported(name string) (uintptr, bool) {
	for i, names := range importNames {
		for _, n := range names {
			if n == name {
				return importTable[i], true
			}
		}
	}
	return 0, false
}

// call runs a C function with six integer arguments on a stack whose first free octet below is top.
//
//go:noescape
func call(fn, top uintptr, args *[6]uintptr) uintptr
