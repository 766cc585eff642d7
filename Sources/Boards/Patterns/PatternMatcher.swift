extension Pattern {
    /// The places at which the groups of one way through the pattern begin and end; -1 where they do not.
    private typealias Slots = [Int]

    /// The first match at or after a place: of several the one that backtracking would find first.
    func firstMatch(in text: [Unicode.Scalar], from place: Int, budget: inout Int) -> Match? {
        budget -= program.count
        var threads = ThreadList(capacity: program.count)
        var next = ThreadList(capacity: program.count)
        var found: Slots?
        // Places of groups are copied with each way.
        let slotCost = 1 + groupCount / 8
        var here = place
        while here <= text.count, budget > 0 {
            if found == nil {
                budget -= slotCost
                add(0, Slots(repeating: -1, count: groupCount * 2), to: &threads, program, text, here, &budget)
            }
            if threads.entries.isEmpty && found != nil { break }
            next.clear()
            for (instruction, slots) in threads.entries {
                budget -= 1
                guard budget > 0 else { return nil }
                switch program[instruction] {
                case .match:
                    found = slots
                case .scalars(let scalars):
                    budget -= scalars.cost
                    if here < text.count, scalars.contains(text[here]) {
                        add(instruction + 1, slots, to: &next, program, text, here + 1, &budget)
                    }
                    continue
                default: continue
                }
                // What comes after a match is less preferred.
                break
            }
            swap(&threads, &next)
            here += 1
        }
        return found.map { slots in
            Match(
                groups: (0..<groupCount).map { number in
                    let (start, end) = (slots[number * 2], slots[number * 2 + 1])
                    return start >= 0 && end >= start ? start..<end : nil
                })
        }
    }

    /// Threads in order of preference, each instruction once.
    private struct ThreadList {
        private(set) var entries: [(Int, Slots)] = []
        /// In which round an instruction was last seen, so that a new round costs nothing.
        private var seen: [Int]
        private var round = 1

        init(capacity: Int) { seen = Array(repeating: 0, count: capacity) }

        mutating func clear() {
            entries.removeAll(keepingCapacity: true)
            round += 1
        }

        mutating func visit(_ instruction: Int) -> Bool {
            guard seen[instruction] != round else { return false }
            seen[instruction] = round
            return true
        }

        mutating func append(_ instruction: Int, _ slots: Slots) { entries.append((instruction, slots)) }
    }

    /// Follows what needs no letter from an instruction on; with a stack of its own, as patterns may be long.
    private func add(
        _ first: Int, _ slots: Slots, to list: inout ThreadList, _ program: [PatternInstruction], _ text: [Unicode.Scalar], _ here: Int,
        _ budget: inout Int
    ) {
        var stack = [(first, slots)]
        while let (instruction, slots) = stack.popLast() {
            budget -= 1
            guard budget > 0, list.visit(instruction) else { continue }
            switch program[instruction] {
            case .jump(let target): stack.append((target, slots))
            case .split(let preferred, let other):
                stack.append((other, slots))
                stack.append((preferred, slots))
            case .save(let slot):
                budget -= slots.count / 16
                var slots = slots
                if slots.indices.contains(slot) { slots[slot] = here }
                stack.append((instruction + 1, slots))
            case .start: if here == 0 { stack.append((instruction + 1, slots)) }
            case .end: if here == text.count { stack.append((instruction + 1, slots)) }
            case .wordEdge(let isNegated): if isWordEdge(text, here) != isNegated { stack.append((instruction + 1, slots)) }
            case .look(let number, let isAhead, let isNegated):
                let isThere =
                    isAhead
                    ? holds(assertions[number], text, from: here, until: nil, &budget)
                    : (0...here).contains { holds(assertions[number], text, from: $0, until: here, &budget) }
                if isThere != isNegated { stack.append((instruction + 1, slots)) }
            case .scalars, .match: list.append(instruction, slots)
            }
        }
    }

    private func isWordEdge(_ text: [Unicode.Scalar], _ here: Int) -> Bool {
        func isWord(_ place: Int) -> Bool { text.indices.contains(place) && ScalarClass.wordLetters.contains(text[place]) }
        return isWord(here - 1) != isWord(here)
    }

    /// Whether what is looked for stands exactly at a place, and ends at another when that is given.
    private func holds(
        _ program: [PatternInstruction], _ text: [Unicode.Scalar], from start: Int, until end: Int?, _ budget: inout Int
    ) -> Bool {
        budget -= program.count
        guard budget > 0 else { return false }
        var threads = ThreadList(capacity: program.count)
        var next = ThreadList(capacity: program.count)
        add(0, [], to: &threads, program, text, start, &budget)
        var here = start
        while !threads.entries.isEmpty, budget > 0 {
            next.clear()
            for (instruction, _) in threads.entries {
                budget -= 1
                switch program[instruction] {
                case .match: if end == nil || end == here { return true }
                case .scalars(let scalars):
                    budget -= scalars.cost
                    if here < text.count, scalars.contains(text[here]) {
                        add(instruction + 1, [], to: &next, program, text, here + 1, &budget)
                    }
                default: break
                }
            }
            swap(&threads, &next)
            here += 1
        }
        return false
    }
}
