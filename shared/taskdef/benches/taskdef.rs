//! Rendering a task definition as large as ECS takes, beside what serde_json needs just to read and
//! print it: `cargo bench -p towpath-core --bench taskdef`.
//!
//! Goals: text to text in at most 1 ms, and at most four times serde_json alone.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use serde_json::{Value, json};
use towpath_taskdef::{Changes, ReleaseMark, TaskDefinition, diff, render, spec_hash};

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The most that ECS takes of each.
const CONTAINERS: usize = 10;
const BYTES: usize = 64 * 1024;

fn main() {
    let text = described();
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("taskdef");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("serde_json reads and prints", |b| {
        b.iter(|| read_and_print(black_box(&text)));
    });
    group.bench_function("read, render, print", |b| {
        let changes = changes();
        b.iter(|| render_text(black_box(&text), &changes));
    });
    let base = TaskDefinition::parse(text.as_bytes()).expect("a task definition");
    let rendered = render(&base, &changes()).expect("renders").definition;
    group.bench_function("spec hash", |b| b.iter(|| spec_hash(black_box(&base))));
    group.bench_function("diff", |b| {
        b.iter(|| diff(black_box(&base), black_box(&rendered)))
    });
    group.finish();
    report_allocations(&text);
    criterion.final_summary();
}

fn report_allocations(text: &str) {
    let changes = changes();
    let rows = [
        (
            "serde_json reads and prints",
            allocation_counter::measure(|| {
                black_box(read_and_print(text));
            }),
        ),
        (
            "read, render, print",
            allocation_counter::measure(|| {
                black_box(render_text(text, &changes));
            }),
        ),
    ];
    println!(
        "{:<30} {:>12} {:>14} {:>12}",
        "allocations", "number", "bytes", "peak bytes"
    );
    for (name, info) in rows {
        println!(
            "{name:<30} {:>12} {:>14} {:>12}",
            info.count_total, info.bytes_total, info.bytes_max
        );
    }
}

fn read_and_print(text: &str) -> String {
    let value: Value = serde_json::from_str(text).expect("JSON");
    value.to_string()
}

fn render_text(text: &str, changes: &Changes) -> String {
    let base = TaskDefinition::parse(text.as_bytes()).expect("a task definition");
    let rendered = render(&base, changes).expect("renders");
    rendered.definition.into_document().to_string()
}

fn changes() -> Changes {
    let image = format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api@{DIGEST}");
    let variables = [("TOWPATH_RELEASE", "r-1"), ("COMMIT", "3f2c1ab")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Changes {
        images: [("container-0".to_owned(), image.parse().expect("an image"))].into(),
        environment: [("container-0".to_owned(), variables.into())].into(),
        release: Some(ReleaseMark {
            release: "r-1".to_owned(),
            commit: Some("3f2c1ab".to_owned()),
        }),
        ..Changes::default()
    }
}

/// An answer whose definition, with the variables that fill it up, is as long as ECS takes.
fn described() -> String {
    let mut variables = 0;
    loop {
        let answer = answer(variables).to_string();
        if answer.len() >= BYTES {
            return answer;
        }
        variables += 1;
    }
}

fn answer(variables: usize) -> Value {
    let containers: Vec<Value> = (0..CONTAINERS).map(|n| container(n, variables)).collect();
    json!({
        "taskDefinition": {
            "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/shop-api:7",
            "containerDefinitions": containers,
            "family": "shop-api",
            "taskRoleArn": "arn:aws:iam::111122223333:role/shop-api",
            "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
            "networkMode": "awsvpc",
            "revision": 7,
            "volumes": [{"name": "data", "host": {}}],
            "status": "ACTIVE",
            "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.logging-driver.awslogs"}],
            "placementConstraints": [],
            "compatibilities": ["EC2", "FARGATE"],
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "4096", "memory": "8192",
            "registeredAt": 1_700_000_000.25,
            "registeredBy": "arn:aws:sts::111122223333:assumed-role/deployer/session"
        },
        "tags": [{"key": "team", "value": "shop"}, {"key": "towpath:release", "value": "r-0"}]
    })
}

fn container(n: usize, variables: usize) -> Value {
    let environment: Vec<Value> = (0..variables)
        .map(|v| json!({"name": format!("SHOP_SETTING_{v}"), "value": format!("https://shop.example/{v}?a=b")}))
        .collect();
    json!({
        "name": format!("container-{n}"),
        "image": format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api@{DIGEST}"),
        "cpu": 256, "memory": 512, "essential": n == 0,
        "portMappings": [{"containerPort": 8080 + n, "hostPort": 8080 + n, "protocol": "tcp"}],
        "command": ["serve", "--port", (8080 + n).to_string()],
        "environment": environment,
        "mountPoints": [{"sourceVolume": "data", "containerPath": "/data", "readOnly": false}],
        "volumesFrom": [],
        "secrets": [{"name": "TOKEN", "valueFrom": "arn:aws:ssm:eu-west-1:111122223333:parameter/token"}],
        "dockerLabels": {"traefik.http.routers.shop.rule": "Host(`shop.example`)"},
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": "/shop", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "api"}
        },
        "healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost/ || exit 1"], "interval": 30, "timeout": 5, "retries": 3},
        "systemControls": []
    })
}
