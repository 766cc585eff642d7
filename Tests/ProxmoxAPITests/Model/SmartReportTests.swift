import Testing

@testable import ProxmoxAPI

@Suite struct SmartReportTests {
    private static func attributes(_ rows: [(id: String, name: String, raw: String)]) throws -> SmartReport {
        let rows = rows.map {
            #"{"id":\#($0.id),"name":"\#($0.name)","raw":\#($0.raw),"value":1,"worst":2,"threshold":3,"flags":"-O--CK"}"#
        }
        return try #require(
            try decoded(#"{"health":"PASSED","type":"ata","attributes":[\#(rows.joined(separator: ","))]}"#, SmartReport.init))
    }

    @Test func `the attributes of an ATA disk`() throws {
        let report = try Self.attributes([
            ("\"  1\"", "Raw_Read_Error_Rate", "\"77\""), ("\"  9\"", "Power_On_Hours", "\"13441h+12m+34.567s\""),
            ("\"190\"", "Airflow_Temperature_Cel", "\"31 (Min/Max 20/45)\""), ("194", "Temperature_Celsius", "\"33 (Min/Max 20/45)\""),
            ("\"241\"", "Total_LBAs_Written", "\"1000\""), ("\"246\"", "Total_LBAs_Written", "\"7\""),
        ])
        #expect(report.temperatureCelsius == 33 && report.powerOnHours == 13_441 && report.writtenBytes == 512_000)
        #expect(report.availableSpare == nil && report.percentageUsed == nil)
    }

    @Test(
        arguments: [
            ([(194, "33")], 33), ([(190, "31 (Min/Max 20/45)")], 31), ([(190, "31"), (194, "33")], 33), ([(194, "33"), (190, "31")], 33),
            ([(194, "-4")], -4), ([(194, "-"), (190, "31")], 31), ([(194, "210453397537")], nil), ([(194, "")], nil), ([(193, "5")], nil),
        ] as [([(Int, String)], Double?)])
    func `temperatures`(rows: [(Int, String)], celsius: Double?) throws {
        #expect(try Self.attributes(rows.map { ("\($0.0)", "x", "\"\($0.1)\"") }).temperatureCelsius == celsius)
    }

    @Test(
        arguments: [
            ([(241, "Total_LBAs_Written", 3)], 1536), ([(241, "Host_Writes_32MiB", 3)], 100_663_296),
            ([(241, "Lifetime_Writes_GiB", 3)], 3_221_225_472),
            ([(241, "Total_Writes_GiB", 1)], 1_073_741_824), ([(225, "Host_Writes_32MiB", 1)], 33_554_432),
            ([(246, "Total_LBAs_Written", 4)], 2048),
            ([(246, "Total_Host_Sector_Write", 4)], 2048), ([(246, "Unknown_Attribute", 4)], 2048),
            ([(246, "x", 4), (241, "Total_LBAs_Written", 1)], 512), ([(246, "x", 4), (241, "Unknown_Attribute", 1)], 2048),
            ([(225, "Host_Writes_32MiB", 1), (241, "Total_LBAs_Written", 1)], 512),
            // What went to the cells is more than what the host wrote.
            ([(233, "NAND_Writes_1GiB", 4)], nil), ([(245, "TLC_Writes_32MiB", 4)], nil), ([(246, "SLC_Writes_32MiB", 4)], nil),
            ([(242, "Host_Reads_32MiB", 4)], nil), ([(241, "Unknown_Attribute", 4)], nil), ([(241, "Total_LBAs_Written", -4)], nil),
            ([(247, "x", 4)], nil),
        ] as [([(Int, String, Int)], Double?)])
    func `bytes written`(rows: [(Int, String, Int)], bytes: Double?) throws {
        #expect(try Self.attributes(rows.map { ("\($0.0)", $0.1, "\"\($0.2)\"") }).writtenBytes == bytes)
    }

    @Test func `the text of an NVMe disk`() throws {
        let text = #"""
            \nSMART/Health Information (NVMe Log 0x02)\nCritical Warning:                   0x00\nTemperature:                        38 Celsius\n
            """#
            + #"Available Spare:                    99%\nAvailable Spare Threshold:          10%\nPercentage Used:                    103%\n"#
            + #"Data Units Read:                    1,234 [6.32 TB]\nData Units Written:                 45,678,901 [23.3 TB]\r\n"#
            + #"Power Cycles:                       77\nPower On Hours:                     13,441\nUnsafe Shutdowns: 5\n"#
            + #"Temperature Sensor 1:               55 Celsius\nTemperature:  90 Celsius\n"#
        let report = try #require(try decoded(#"{"health":"PASSED","type":"text","wearout":-3,"text":"\#(text)"}"#, SmartReport.init))
        #expect(report.temperatureCelsius == 38 && report.powerOnHours == 13_441 && report.writtenBytes == 45_678_901 * 512_000)
        #expect(report.availableSpare == 99 && report.percentageUsed == 103)
    }

    @Test func `the text of a SAS disk`() throws {
        let text =
            #"Percentage used endurance indicator: 7%\nCurrent Drive Temperature:     31 C\nDrive Trip Temperature:        65 C\n"#
            + #"Accumulated power on time, hours:minutes 12345:32\nManufactured in week 05 of year 2020\n"#
        let report = try #require(try decoded(#"{"type":"text","text":"\#(text)"}"#, SmartReport.init))
        #expect(
            report.temperatureCelsius == 31 && report.powerOnHours == 12_345 && report.percentageUsed == 7 && report.writtenBytes == nil)
    }

    @Test(arguments: [
        "{}", #"{"health":"UNKNOWN"}"#, #"{"attributes":null,"text":null}"#, #"{"attributes":5,"text":5}"#, #"{"attributes":{},"text":[]}"#,
        #"{"attributes":[null,5,"x",[],{},{"id":9},{"id":9,"raw":null},{"id":"","raw":"5"},{"id":9.5,"raw":"5"},{"id":1e300,"raw":"5"},{"raw":"5"}]}"#,
        #"{"attributes":[{"id":"9","raw":[5]},{"id":"9","raw":"x"},{"id":"9","raw":"-5"},{"id":{},"raw":"5"},{"id":-9,"raw":"5"}]}"#,
        #"{"text":":::\n: 5\nTemperature\nTemperature:\nTemperature: hot\nPower On Hours: -\nAvailable Spare: -5%\nPercentage Used:%\n"}"#,
        #"{"text":"Accumulated power on time, hours:hours 5\nData Units Written: none\nTemperature: 99999 Celsius"}"#,
    ])
    func `nothing that can be used is nothing`(json: String) throws {
        let report = try #require(try decoded(json, SmartReport.init))
        #expect(report.temperatureCelsius == nil && report.powerOnHours == nil && report.writtenBytes == nil)
        #expect(report.availableSpare == nil && report.percentageUsed == nil)
    }

    @Test func `what is endless is not read to its end`() throws {
        let text = String(repeating: "a", count: 5_000_000) + "\\nPower On Hours: 5"
        #expect(try decoded(#"{"text":"\#(text)"}"#, SmartReport.init)?.powerOnHours == nil)
        let lines = "Power On Hours: 6\\n" + String(repeating: ":\\n", count: 2_500_000)
        #expect(try decoded(#"{"text":"\#(lines)"}"#, SmartReport.init)?.powerOnHours == 6)
        let rows = [String](repeating: #"{"id":1,"raw":"5"}"#, count: 100_000) + [#"{"id":9,"raw":"5"}"#]
        #expect(try decoded(#"{"attributes":[\#(rows.joined(separator: ","))]}"#, SmartReport.init)?.powerOnHours == nil)
    }

    @Test(arguments: ["null", "[]", "5", "\"x\""])
    func `another shape is no report`(json: String) throws { #expect(try decoded(json, SmartReport.init) == nil) }
}
