package sched

// stages counts how far the stages are. Its work over a whole execution is
// that of one step per task and per stage.
type stages struct {
	left   []int     // by stage: tasks that are not final
	held   [][]*task // by stage: tasks that wait for lower ones
	lowest int       // with tasks left; len(left) if there is none
}

// setStages gives each task the least stage that is not below those of its
// predecessors and keeps it odd or even: a task without work that lies between
// two others need not be given one. backwards holds the tasks in reverse
// topological order.
func (c *Core) setStages(backwards []int) {
	for n := len(backwards) - 1; n >= 0; n-- {
		t := c.tasks[backwards[n]]
		t.stage = max(t.Stage, 0)
		for _, p := range t.After {
			t.stage = raised(t.stage, c.tasks[p].stage)
		}
		c.stages.add(t.stage)
	}
	c.stages.advance()
}

// raised is the least number that is not below least, and odd if stage is.
func raised(stage, least int) int {
	if least > stage {
		return least + (least-stage)%2
	}
	return stage
}

func (s *stages) add(stage int) {
	for len(s.left) <= stage {
		s.left = append(s.left, 0)
	}
	s.left[stage]++
}

// reached reports whether a task may begin as far as its stage goes.
func (s *stages) reached(t *task) bool { return t.stage%2 == 0 || s.lowest >= t.stage }

func (s *stages) hold(t *task) {
	for len(s.held) <= t.stage {
		s.held = append(s.held, nil)
	}
	s.held[t.stage] = append(s.held[t.stage], t)
}

// over notes that a task is final, and returns those that waited for it.
func (s *stages) over(t *task) []*task {
	s.left[t.stage]--
	if !s.advance() || s.lowest >= len(s.held) {
		return nil
	}
	free := s.held[s.lowest]
	s.held[s.lowest] = nil
	return free
}

// advance goes on to the next stage with tasks left; it is false if that is
// the one at hand.
func (s *stages) advance() bool {
	was := s.lowest
	for s.lowest < len(s.left) && s.left[s.lowest] == 0 {
		s.lowest++
	}
	return s.lowest > was
}
