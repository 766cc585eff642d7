@testable package import Metrics
import Primitives

/// What is written of it, read strictly, has no fault, no series twice, and numbers only; no counter is negative.
package func demandSound(_ exposition: Exposition) {
    demand(exposition.duplicateCount == 0, "no series stands there twice: \(exposition.firstDuplicate ?? "")")
    var bytes: [UInt8] = []
    TextFormat.write(exposition, through: &bytes) { _ in }
    var reader = ExpositionReader(bytes, as: .text, .strict)
    do throws(Failure) {
        while let entry = try reader.next() {
            guard entry == .sample else { continue }
            demand(reader.value.isFinite, "a number: \(reader.name.text)")
            demand(reader.familyKind != .counter || reader.value >= 0, "a counter is not negative: \(reader.name.text)")
        }
    } catch {
        demand(false, "an exposition: \(error)")
    }
}
