package import JSON

/// A series as Prometheus tells it: of a vector with one value, of a matrix with many.
package struct SeriesAnswer: Sendable {
    package struct Label: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Sorted by name; the metric's name is `__name__`.
    package var labels: [Label]
    /// In seconds since 1970.
    package var times: [Double]
    package var values: [Double]

    package init(labels: [Label], times: [Double], values: [Double]) {
        self.labels = labels.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let count = min(times.count, values.count)
        self.times = times.count == count ? times : Array(times.prefix(count))
        self.values = values.count == count ? values : Array(values.prefix(count))
    }

    package subscript(label name: String) -> String? { labels.value(of: name) }
}

extension [SeriesAnswer.Label] {
    /// The value of a label, the first of several; they are sorted, so it is found by halves.
    func value(of name: String) -> String? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].name.utf8.lexicographicallyPrecedes(name.utf8) { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low].name == name ? self[low].value : nil
    }
}

/// The answer to one target of a panel.
package struct TargetAnswer: Sendable {
    package var ref: String
    package var series: [SeriesAnswer] = []
    /// Prometheus' words when there is no answer.
    package var failure: String?
    /// Whether there was more than is kept.
    package var isTruncated = false

    /// As many values as are kept of an answer.
    package static let sampleLimit = 2_000_000

    package init(ref: String, series: [SeriesAnswer]) {
        self.ref = ref
        self.series = series
    }

    package init(ref: String, failure: String) {
        self.ref = ref
        self.failure = failure
    }

    /// Reads an answer of `/query` or `/query_range`: the whole document, `status` and all.
    package init(ref: String, answer root: JSONValue) {
        self.ref = ref
        guard root["status"]?.text == "success", let data = root["data"] else {
            failure = root["error"]?.text ?? "the answer is not one of Prometheus"
            return
        }
        var left = Self.sampleLimit
        switch data["resultType"]?.text {
        case "scalar"?, "string"?:
            var (times, values): ([Double], [Double]) = ([], [])
            if let result = data["result"] { Self.read(point: result, &times, &values) }
            series = [SeriesAnswer(labels: [], times: times, values: values)]
        default:
            data["result"]?.forEachElement { element in
                guard left > 0 else {
                    isTruncated = true
                    return
                }
                series.append(Self.series(element, left: &left))
            }
            if left <= 0 { isTruncated = true }
        }
    }

    private static func series(_ element: JSONValue, left: inout Int) -> SeriesAnswer {
        var labels: [SeriesAnswer.Label] = []
        element["metric"]?.forEachMember { key, value in labels.append(.init(key.text, value.text ?? "")) }
        var (times, values): ([Double], [Double]) = ([], [])
        if let point = element["value"] {
            read(point: point, &times, &values)
        } else {
            element["values"]?.forEachElement { point in
                if times.count < left { read(point: point, &times, &values) }
            }
        }
        left -= times.count + labels.count + 1
        return SeriesAnswer(labels: labels, times: times, values: values)
    }

    /// `[1700000000.123, "0.5"]`; values may be `NaN`, `+Inf` and `-Inf`.
    private static func read(point: JSONValue, _ times: inout [Double], _ values: inout [Double]) {
        var index = 0
        var (time, value): (Double?, Double?) = (nil, nil)
        point.forEachElement { element in
            if index == 0 { time = element.number }
            if index == 1 { value = element.number ?? notFinite(element.text) }
            index += 1
        }
        guard let time, let value else { return }
        times.append(time)
        values.append(value)
    }

    private static func notFinite(_ text: String?) -> Double? {
        switch text {
        case "NaN": .nan
        case "+Inf", "Inf": .infinity
        case "-Inf": -.infinity
        default: nil
        }
    }
}
