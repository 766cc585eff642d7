import Metrics
import Primitives
import Testing

@Suite("Names that clash in OpenMetrics")
struct OpenMetricsClashTests {
    enum Kind: String, Sendable {
        case gauge, counter, info, histogram, summary

        func declare(_ name: String, _ catalogue: inout Catalogue) {
            switch self {
            case .gauge: _ = catalogue.gauge(name, "Help.", source: "s")
            case .counter: _ = catalogue.counter(name, "Help.", source: "s")
            case .info: _ = catalogue.info(name, "Help.", labels: .none, source: "s")
            case .histogram: _ = catalogue.histogram(name, "Help.", labels: .none, source: "s")
            case .summary: _ = catalogue.summary(name, "Help.", labels: .none, source: "s")
            }
        }
    }

    struct Pair: Sendable, CustomTestStringConvertible {
        let kinds: [Kind]
        let names: [String]
        /// The name that both may have, nil for a pair that stands in peace.
        let clash: String?
        var testDescription: String { "\(kinds[0]) \(names[0]), \(kinds[1]) \(names[1])" }

        init(_ first: Kind, _ firstName: String, _ second: Kind, _ secondName: String, _ clash: String?) {
            (kinds, names, self.clash) = ([first, second], [firstName, secondName], clash)
        }
    }

    static let pairs = [
        Pair(.gauge, "x", .counter, "x_total", "x"), Pair(.gauge, "x_created", .counter, "x_total", "x_created"),
        Pair(.counter, "x", .counter, "x_total", "x"), Pair(.counter, "x_created", .counter, "x_total", "x_created"),
        Pair(.gauge, "x", .info, "x_info", "x"), Pair(.info, "x_info", .counter, "x_total", "x"), Pair(.info, "x", .info, "x_info", "x"),
        Pair(.gauge, "x_sum", .histogram, "x", "x_sum"), Pair(.gauge, "x_count", .histogram, "x", "x_count"),
        Pair(.gauge, "x_bucket", .histogram, "x", "x_bucket"), Pair(.gauge, "x_created", .histogram, "x", "x_created"),
        Pair(.counter, "x_total", .histogram, "x", "x"), Pair(.counter, "x_total", .summary, "x", "x"),
        Pair(.counter, "x_count_total", .histogram, "x", "x_count"), Pair(.info, "x_sum_info", .summary, "x", "x_sum"),
        Pair(.gauge, "x_sum", .summary, "x", "x_sum"), Pair(.gauge, "x_count", .summary, "x", "x_count"),
        Pair(.gauge, "x_created", .summary, "x", "x_created"), Pair(.histogram, "x_sum", .histogram, "x", "x_sum"),
        Pair(.gauge, "x", .gauge, "y", nil), Pair(.gauge, "x", .gauge, "x_total", nil), Pair(.gauge, "x", .gauge, "x_info", nil),
        Pair(.gauge, "x_count", .gauge, "x", nil), Pair(.gauge, "x_bucket", .summary, "x", nil),
        Pair(.gauge, "x_sum", .counter, "x_total", nil),
        Pair(.gauge, "x_total", .histogram, "x", nil), Pair(.gauge, "x_created", .info, "x_info", nil),
        Pair(.counter, "x_total", .counter, "x_total_total", "x_total"), Pair(.counter, "x_total", .counter, "x_bytes_total", nil),
        Pair(.gauge, "xx", .counter, "x_total", nil), Pair(.info, "x_info", .info, "y_info", nil),
    ]

    @Test("Two families are refused when both may have one name, whichever comes first", arguments: pairs, [false, true])
    func judgement(_ pair: Pair, isReversed: Bool) throws {
        let order = isReversed ? [1, 0] : [0, 1]
        var catalogues: [Catalogue] = []
        var both = Catalogue()
        for index in order {
            var catalogue = Catalogue()
            pair.kinds[index].declare(pair.names[index], &catalogue)
            pair.kinds[index].declare(pair.names[index], &both)
            catalogues.append(catalogue)
        }
        let families = order.map { pair.names[$0] }
        let clashes = OpenMetricsClash.all(both.descriptors)
        #expect(clashes.map(\.name) == (pair.clash.map { [$0] } ?? []))
        #expect(clashes.allSatisfy { $0.families == families })
        for catalogues in [[both], catalogues] {
            guard let clash = pair.clash else {
                _ = try FamilyTable(catalogues)
                continue
            }
            _ = try FamilyTable(catalogues, textOnly: true)
            let error = #expect(throws: Failure.self) { try FamilyTable(catalogues) }
            #expect(error?.code == .configuration)
            #expect(
                error?.message == "metrics \(families[0]) and \(families[1]) clash in OpenMetrics, where both may have the name \(clash)")
        }
    }

    @Test("Each pair is named once, and a family that is declared twice stands in peace with itself")
    func several() {
        var catalogue = Catalogue()
        for _ in 0..<2 { Kind.histogram.declare("x", &catalogue) }
        for name in ["x_sum", "x_count", "y"] { Kind.gauge.declare(name, &catalogue) }
        Kind.counter.declare("y_total", &catalogue)
        #expect(
            OpenMetricsClash.all(catalogue.descriptors).map(\.description) == [
                "metrics x and x_sum clash in OpenMetrics, where both may have the name x_sum",
                "metrics x and x_count clash in OpenMetrics, where both may have the name x_count",
                "metrics y and y_total clash in OpenMetrics, where both may have the name y",
            ])
    }
}
