package import Primitives

/// Which nodes and guests of a cluster somebody wants to see. What is filtered out is not asked for, as far as the API lets one choose.
package struct GuestFilter: Sendable, Equatable {
    /// Texts of which one must fit, and of which none may.
    package struct Choice: Sendable, Equatable {
        package let wanted: [String]
        package let unwanted: [String]

        /// - Parameter wanted: `*` stands for any letters; an empty list takes everything.
        package init(wanted: [String] = [], unwanted: [String] = []) {
            self.wanted = wanted
            self.unwanted = unwanted
        }

        /// Whether a thing that has these texts is taken.
        func takes(_ texts: [Substring]) -> Bool {
            func isIn(_ patterns: [String]) -> Bool { patterns.contains { pattern in texts.contains { Wildcard.matches($0, pattern) } } }
            return (wanted.isEmpty || isIn(wanted)) && !isIn(unwanted)
        }
    }

    /// Numbers of guests, of which one must hold, and of which none may.
    package struct Numbers: Sendable, Equatable {
        package let wanted: [ClosedRange<Int>]
        package let unwanted: [ClosedRange<Int>]

        package init(wanted: [ClosedRange<Int>] = [], unwanted: [ClosedRange<Int>] = []) {
            self.wanted = wanted
            self.unwanted = unwanted
        }

        func takes(_ number: Int) -> Bool {
            (wanted.isEmpty || wanted.contains { $0.contains(number) }) && !unwanted.contains { $0.contains(number) }
        }
    }

    private let nodes: Choice
    private let vmids: Numbers
    private let tags: Choice
    private let pools: Choice

    package init(nodes: Choice = Choice(), vmids: Numbers = Numbers(), tags: Choice = Choice(), pools: Choice = Choice()) {
        self.nodes = nodes
        self.vmids = vmids
        self.tags = tags
        self.pools = pools
    }

    /// Takes everything.
    package static let none = GuestFilter()

    /// Whether it leaves out guests of nodes that it takes.
    package var isAboutGuests: Bool { vmids != Numbers() || tags != Choice() || pools != Choice() }

    package func takes(node: String) -> Bool { nodes.takes([node[...]]) }

    /// - Parameter tags: as the API has them.
    package func takes(vmid: Int, tags: String, pool: String) -> Bool {
        guard isAboutGuests else { return true }
        return vmids.takes(vmid) && self.tags.takes(GuestTags.all(in: tags)) && pools.takes(pool.isEmpty ? [] : [pool[...]])
    }
}

extension GuestFilter.Numbers {
    /// Reads `100`, `100-199`.
    ///
    /// Errors: `configuration`, with what was expected.
    package static func range(of text: String) throws(Failure) -> ClosedRange<Int> {
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { $0.utf8.decimalNumber }
        switch (ends.count, ends.first ?? nil, ends.last ?? nil) {
        case (1, let number?, _): return number...number
        case (2, let low?, let high?) where low <= high: return low...high
        default: throw Failure(.configuration, "expected the number of a guest or a range such as 100-199")
        }
    }
}
