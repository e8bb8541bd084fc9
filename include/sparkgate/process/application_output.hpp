// What spark-submit and Spark's driver tell about their application in the child's output. Pure.
// Source of the lines: Spark's own log messages at level INFO, which have been the same from 3.x to 4.1
// (Utils, StandaloneSchedulerBackend, yarn.Client, k8s.submit.Client, LoggingPodStatusWatcherImpl).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sparkgate::process {

struct application_facts {
    std::string app_id;                    // empty until told
    std::string tracking_url;              // YARN's page of the application
    std::optional<std::uint16_t> ui_port;  // of Spark's UI, on this host
    std::string cluster_state;             // YARN's state or Kubernetes' phase, as spelled there
    bool driver_started = false;           // a driver on this host is up
};

class application_output {
public:
    // A block of output, in order; it may begin and end anywhere in a line.
    void take(std::string_view block);
    const application_facts& facts() const { return facts_; }

private:
    void take_line(std::string_view line);

    application_facts facts_;
    std::string rest_;       // the beginning of a line
    bool too_long_ = false;  // the line is no message of Spark's: its rest is skipped
};

}  // namespace sparkgate::process
