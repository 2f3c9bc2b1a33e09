"""What a run costs, with its reckoning."""

# US dollars, Europe (Frankfurt), written down in November 2026: assumptions, as those of docs/cost.md.
# https://aws.amazon.com/elasticloadbalancing/pricing/, https://aws.amazon.com/fargate/pricing/,
# https://aws.amazon.com/vpc/pricing/, https://aws.amazon.com/cloudwatch/pricing/
LOAD_BALANCER, CAPACITY_UNIT, ADDRESS = 0.027, 0.008, 0.005
TASK = {"arm64": 0.25 * 0.03725 + 0.5 * 0.00409, "x86_64": 0.25 * 0.04656 + 0.5 * 0.00511}
ALARM_MONTH, MONTH_HOURS = 0.10, 730
HOURS = 1.5


def estimate(services, architecture):
    """The lines of the estimate: what, how it is reckoned, dollars; and their sum."""
    tasks = TASK[architecture]
    lines = [
        ("load balancers", f"{services} × {HOURS} h × ({LOAD_BALANCER} + {CAPACITY_UNIT} for one capacity unit)",
         services * HOURS * (LOAD_BALANCER + CAPACITY_UNIT)),
        ("tasks on Fargate", f"{services} × 2 (old and new) × {HOURS} h × {tasks:.4f} (0.25 vCPU, 0.5 GB)", services * 2 * HOURS * tasks),
        ("public addresses", f"{services} × (2 of the load balancer + 2 of tasks) × {HOURS} h × {ADDRESS}", services * 4 * HOURS * ADDRESS),
        ("alarms", f"20 × {ALARM_MONTH} a month × {HOURS} h / {MONTH_HOURS} h", 20 * ALARM_MONTH * HOURS / MONTH_HOURS),
        ("Lambda, DynamoDB, SNS, SQS, KMS, logs, ECR", "a few thousand requests and some MB: at most", 0.05),
    ]
    return lines, sum(dollars for _, _, dollars in lines)
