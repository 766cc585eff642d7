import Synchronization

/// Room for samples and label sets that the buffers of one source share, so that no answer, however large, takes all memory.
///
/// A buffer takes room in pieces as it grows and is refused when there is none left, or when it has half of all: one part of a source
/// that says more than can be true leaves room for the others.
package final class SampleBudget: Sendable {
    /// An amount of both.
    package struct Room: Sendable, Equatable {
        /// Samples; a histogram or summary counts as its series.
        package var samples: Int
        /// Bytes of label sets, and what is kept beside each.
        package var labelBytes: Int

        package init(samples: Int, labelBytes: Int) {
            self.samples = samples
            self.labelBytes = labelBytes
        }
    }

    /// The most that one buffer may hold.
    package let largestPart: Room
    private let left: Mutex<Room>
    /// Of which this one is a share, and from which all that it grants is taken too.
    private let whole: SampleBudget?

    /// - Parameter whole: what all buffers together may hold.
    package init(_ whole: Room) {
        largestPart = Room(samples: max(1, whole.samples / 2), labelBytes: max(1, whole.labelBytes / 2))
        left = Mutex(whole)
        self.whole = nil
    }

    /// Half of another, for one of several that share it: what one takes leaves room for the others.
    package init(halfOf whole: SampleBudget) {
        largestPart = whole.largestPart
        left = Mutex(whole.largestPart)
        self.whole = whole
    }

    /// Grants as much as there is within the range, or 0 when that is too little.
    func take(_ kind: WritableKeyPath<Room, Int>, _ range: ClosedRange<Int>) -> Int {
        let granted = left.withLock { left in
            guard left[keyPath: kind] >= range.lowerBound else { return 0 }
            let granted = min(left[keyPath: kind], range.upperBound)
            left[keyPath: kind] -= granted
            return granted
        }
        guard let whole, granted > 0 else { return granted }
        let confirmed = whole.take(kind, range.lowerBound...granted)
        left.withLock { $0[keyPath: kind] += granted - confirmed }
        return confirmed
    }

    func giveBack(_ room: Room) {
        left.withLock { left in
            left.samples += room.samples
            left.labelBytes += room.labelBytes
        }
        whole?.giveBack(room)
    }
}
