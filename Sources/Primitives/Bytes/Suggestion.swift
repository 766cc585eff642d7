/// The known word that `typed` was most likely meant to be, or nil when none is near.
///
/// Near means: at most a third of the letters (one at least) must be typed, dropped, replaced or swapped with their neighbour.
package func nearest(to typed: String, among known: some Sequence<String>) -> String? {
    // Words are compared by their first 64 bytes, so the bound must not grow past those.
    let bound = max(1, min(64, typed.utf8.count) / 3)
    var best: (word: String, distance: Int)?
    for word in known {
        let distance = editDistance(Array(typed.utf8.prefix(64)), Array(word.utf8.prefix(64)))
        if distance <= bound, distance < best?.distance ?? Int.max { best = (word, distance) }
    }
    return best?.word
}

/// The number of single-letter insertions, deletions, replacements and swaps of neighbours between two words.
func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let replaced = previous[column] + (left[row] == right[column] ? 0 : 1)
            var cost = min(replaced, previous[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                cost = min(cost, beforePrevious[column - 1] + 1)
            }
            current.append(cost)
        }
        beforePrevious = previous
        previous = current
    }
    return previous[right.count]
}
