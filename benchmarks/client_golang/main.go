// Command client_golang measures the peer of our exposition writer: the Prometheus client library for Go, with
// 10,000 gauges of one family with three labels. It prints one line of JSON.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

const seriesCount = 10000

// result is what is printed; rates are samples a second.
type result struct {
	Peer                       string  `json:"peer"`
	Version                    string  `json:"version"`
	Values                     string  `json:"values"`
	Series                     int     `json:"series"`
	GatherAndTextPerSecond     float64 `json:"gather_and_text_samples_per_second"`
	TextPerSecond              float64 `json:"text_samples_per_second"`
	OpenMetricsPerSecond       float64 `json:"openmetrics_samples_per_second"`
	Bytes                      int     `json:"bytes"`
	AllocationsPerSampleGather float64 `json:"allocations_per_sample_gather"`
	AllocationsPerSampleText   float64 `json:"allocations_per_sample_text"`
	AllocationsPerSampleOpen   float64 `json:"allocations_per_sample_openmetrics"`
}

func main() {
	values := flag.String("values", "int", "int: whole numbers; float: numbers of many digits")
	duration := flag.Duration("duration", 3*time.Second, "how long each of the three measurements lasts at least")
	flag.Parse()
	if *values != "int" && *values != "float" {
		fail(fmt.Errorf("-values=%s: must be int or float", *values))
	}

	registry := prometheus.NewRegistry()
	registry.MustRegister(gauges(*values))
	var buffer bytes.Buffer
	text := expfmt.NewEncoder(&buffer, expfmt.FmtText)
	openMetrics := expfmt.NewEncoder(&buffer, expfmt.FmtOpenMetrics)

	encode := func(encoder expfmt.Encoder, families []*dto.MetricFamily) {
		buffer.Reset()
		for _, family := range families {
			check(encoder.Encode(family))
		}
	}
	gather := func() []*dto.MetricFamily {
		families, err := registry.Gather()
		check(err)
		return families
	}

	gatherRate, gatherAllocations := measure(*duration, func() { encode(text, gather()) })
	families := gather()
	openRate, openAllocations := measure(*duration, func() { encode(openMetrics, families) })
	textRate, textAllocations := measure(*duration, func() { encode(text, families) })

	check(json.NewEncoder(os.Stdout).Encode(result{
		Peer:                       "client_golang",
		Version:                    packageVersion(),
		Values:                     *values,
		Series:                     seriesCount,
		GatherAndTextPerSecond:     gatherRate,
		TextPerSecond:              textRate,
		OpenMetricsPerSecond:       openRate,
		Bytes:                      buffer.Len(),
		AllocationsPerSampleGather: gatherAllocations,
		AllocationsPerSampleText:   textAllocations,
		AllocationsPerSampleOpen:   openAllocations,
	}))
}

// gauges makes one family of 10,000 series with labels like those of a guest.
func gauges(values string) *prometheus.GaugeVec {
	vector := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "pve_vm_memory_used_bytes",
		Help: "Memory that the guest uses, in bytes.",
	}, []string{"cluster", "node", "vmid"})
	for i := 0; i < seriesCount; i++ {
		value := float64(i)
		if values == "float" {
			value *= 0.123456789
		}
		vector.WithLabelValues("lab", fmt.Sprintf("pve%d", i%10), fmt.Sprint(100+i)).Set(value)
	}
	return vector
}

// measure repeats the work, after one run to warm up, and gives samples a second and allocations a sample.
func measure(duration time.Duration, work func()) (rate, allocations float64) {
	work()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now()
	runs := 0
	for time.Since(begin) < duration {
		work()
		runs++
	}
	elapsed := time.Since(begin).Seconds()
	runtime.ReadMemStats(&after)
	samples := float64(runs * seriesCount)
	return samples / elapsed, float64(after.Mallocs-before.Mallocs) / samples
}

// packageVersion asks Debian, because a build in GOPATH mode knows no module versions.
func packageVersion() string {
	output, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", "golang-github-prometheus-client-golang-dev").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(output))
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "client_golang:", err)
	os.Exit(1)
}
