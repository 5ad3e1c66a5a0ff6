package voicemail

import "strconv"

// number are the prompts that say n, 0 to 99; what is more is said as 99.
func number(n int) []string {
	n = max(0, min(n, 99))
	if n <= 20 || n%10 == 0 {
		return []string{strconv.Itoa(n)}
	}
	return []string{strconv.Itoa(n / 10 * 10), strconv.Itoa(n % 10)}
}

// digits are the prompts that say a telephone number; what is no digit is left out.
func digits(tel string) []string {
	var list []string
	for _, r := range tel {
		if r >= '0' && r <= '9' {
			list = append(list, string(r))
		}
	}
	return list
}
