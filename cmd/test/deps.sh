#!/usr/bin/env bash
# The programs that the tests need besides Go: a C compiler for the race detector, and the real peers.
# As root on a system with apt they are installed; otherwise the command that installs them is printed.
set -euo pipefail

# program:package
needed=(
	gcc:gcc
	git:git
	sipp:sip-tester
	baresip:baresip-core
	linphonec:linphone-cli
	kamailio:kamailio
	sox:sox
	espeak-ng:espeak-ng
	rtpengine:rtpengine-daemon
	ip:iproute2
	iptables:iptables
	ffmpeg:ffmpeg
	svmap:sipvicious
)

# library:package, of the codecs that are loaded when the system has them, and of one to compare with
libraries=(
	libopus.so.0:libopus0
	libopencore-amrnb.so.0:libopencore-amrnb0
	libopencore-amrwb.so.0:libopencore-amrwb0
	libvo-amrwbenc.so.0:libvo-amrwbenc0
	libgsm.so.1:libgsm1
	libspandsp.so.2:libspandsp2
)

if ! command -v go >/dev/null; then
	echo "Go is missing: https://go.dev/dl/ ($(grep '^go ' "$(dirname "$0")/../../go.mod") or newer)" >&2
	exit 1
fi

missing=()
for n in "${needed[@]}"; do
	PATH="$PATH:/usr/sbin:/sbin" command -v "${n%%:*}" >/dev/null || missing+=("${n##*:}")
done
known=$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null || true)
for l in "${libraries[@]}"; do
	grep -q "^[[:space:]]*${l%%:*} " <<<"$known" || missing+=("${l##*:}")
done
# gcc alone cannot link: the C library's headers come in a package of their own.
if [ ! -e /usr/include/stdlib.h ]; then missing+=(libc6-dev); fi
[ ${#missing[@]} -gt 0 ] || exit 0

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if ! command -v apt-get >/dev/null; then
	echo "The tests need what Debian has in these packages: ${missing[*]}" >&2
	exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "The tests need packages that are not installed. Install them with:" >&2
	echo "  sudo apt-get update && sudo ${install[*]}" >&2
	exit 1
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
"${install[@]}" -qq >/dev/null

# The tests start servers themselves, on ports of their own; the system's would take those that sidetone listens on.
for server in kamailio rtpengine-daemon; do
	if [ -d /run/systemd/system ] && [[ " ${missing[*]} " == *" $server "* ]]; then
		systemctl disable --now --quiet "$server.service" || true
	fi
done
