import Primitives

enum PatternInstruction: Sendable {
    case scalars(ScalarClass)
    /// Goes on at both, the first preferred.
    case split(Int, Int)
    case jump(Int)
    case save(Int)
    case start
    case end
    case wordEdge(isNegated: Bool)
    case look(Int, isAhead: Bool, isNegated: Bool)
    case match
}

/// Turns what was read into instructions.
struct PatternCompiler {
    private(set) var assertions: [[PatternInstruction]] = []
    private var code: [PatternInstruction] = []
    private static let sizeLimit = 10_000

    mutating func program(of node: PatternNode) throws(Failure) -> [PatternInstruction] {
        code = []
        try emit(.group(node, number: 0))
        code.append(.match)
        return code
    }

    private mutating func emit(_ node: PatternNode) throws(Failure) {
        guard code.count < Self.sizeLimit else { throw Failure(.limit, "a pattern repeats too much") }
        switch node {
        case .empty: break
        case .scalars(let scalars): code.append(.scalars(scalars))
        case .sequence(let parts): for part in parts { try emit(part) }
        case .choice(let choices): try emit(choices: choices)
        case .group(let inside, let number):
            code.append(.save(number * 2))
            try emit(inside)
            code.append(.save(number * 2 + 1))
        case .repetition(let part, let least, let most, let isGreedy): try emit(part, least: least, most: most, isGreedy: isGreedy)
        case .start: code.append(.start)
        case .end: code.append(.end)
        case .wordEdge(let isNegated): code.append(.wordEdge(isNegated: isNegated))
        case .look(let inside, let isAhead, let isNegated):
            guard assertions.count < 20 else { throw Failure(.limit, "a pattern looks ahead or behind more than 20 times") }
            let outer = code
            let program = try program(of: inside)
            code = outer
            assertions.append(program)
            code.append(.look(assertions.count - 1, isAhead: isAhead, isNegated: isNegated))
        }
    }

    private mutating func emit(choices: [PatternNode]) throws(Failure) {
        var ends: [Int] = []
        for (index, choice) in choices.enumerated() {
            let split = code.count
            let isLast = index == choices.count - 1
            if !isLast { code.append(.split(split + 1, 0)) }
            try emit(choice)
            guard !isLast else { break }
            ends.append(code.count)
            code.append(.jump(0))
            code[split] = .split(split + 1, code.count)
        }
        for end in ends { code[end] = .jump(code.count) }
    }

    private mutating func emit(_ part: PatternNode, least: Int, most: Int?, isGreedy: Bool) throws(Failure) {
        for _ in 0..<least {
            let before = code.count
            try emit(part)
            // What is nothing stays nothing, however often.
            if code.count == before { return }
        }
        func split(_ inside: Int, _ past: Int) -> PatternInstruction { isGreedy ? .split(inside, past) : .split(past, inside) }
        guard let most else {
            let top = code.count
            code.append(.jump(0))
            try emit(part)
            code.append(.jump(top))
            code[top] = split(top + 1, code.count)
            return
        }
        var splits: [Int] = []
        for _ in least..<max(least, most) {
            splits.append(code.count)
            code.append(.jump(0))
            try emit(part)
        }
        for place in splits { code[place] = split(place + 1, code.count) }
    }
}
