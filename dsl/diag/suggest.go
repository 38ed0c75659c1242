package diag

import "strings"

// Closest returns the candidate that name was most likely meant to be: the one
// with the fewest edits, letter case counting little, if there are few enough
// of them for the length of the name; "" if none is close. The first of equals
// wins, so callers give candidates in a stable order.
func Closest(name string, candidates []string) string {
	best, limit := "", (len([]rune(name))+1)/3
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c), limit); d <= limit && c != name {
			best, limit = c, d-1
		}
	}
	return best
}

// DidYouMean returns a sentence with a leading space that offers the closest
// candidate, or "".
func DidYouMean(name string, candidates []string) string {
	if c := Closest(name, candidates); c != "" {
		return ` Did you mean "` + c + `"?`
	}
	return ""
}

// distance is the number of insertions, deletions, substitutions and swaps of
// neighbours between a and b, or limit+1 if there are more than limit.
func distance(a, b string, limit int) int {
	s, t := []rune(a), []rune(b)
	if d := len(s) - len(t); d > limit || -d > limit {
		return limit + 1
	}
	before, prev, cur := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(s); i++ {
		cur[0] = i
		least := i
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
			least = min(least, cur[j])
		}
		if least > limit {
			return limit + 1
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(t)]
}
