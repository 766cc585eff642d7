/// Which of a cluster's endpoints is asked next: the one that answered last, until it fails.
struct EndpointChoice: Sendable, Equatable {
    private let count: Int
    private(set) var current = 0

    init(count: Int) { self.count = max(1, count) }

    /// All, in the order in which one call tries them.
    var order: [Int] { (0..<count).map { (current + $0) % count } }

    /// All but the one that is asked first.
    var others: [Int] { Array(order.dropFirst()) }

    /// Of many calls that fail at once, the first moves on.
    mutating func failed(_ index: Int) {
        if current == index { current = (index + 1) % count }
    }

    mutating func prefer(_ index: Int) {
        if (0..<count).contains(index) { current = index }
    }
}
