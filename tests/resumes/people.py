"""Invented people. Companies, schools and names are made up or generic; nobody is meant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One employment; months as (year, month), ``until`` None while it lasts."""

    company: str
    title: str
    begins: tuple[int, int]
    until: tuple[int, int] | None
    pay: str  # as written: 15k, 8000元/月 …; empty when not told
    reason: str  # why it ended; empty when not told
    duties: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a résumé tells, with what it should not."""

    name: str
    sex: str
    age: int
    married: str
    phone: str
    jobs: tuple[Job, ...]  # newest first
    expects: str
    city: str
    start: str  # when they can begin, as written
    skills: tuple[str, ...]
    school: str
    major: str
    degree: str
    studied: tuple[int, int]


def _job(head: str, begins: str, until: str, pay: str, reason: str, *duties: str) -> Job:
    company, title = head.split("/")
    return Job(
        company=company, title=title, begins=_month(begins),
        until=_month(until) if until else None, pay=pay, reason=reason, duties=duties,
    )  # fmt: skip


def _month(text: str) -> tuple[int, int]:
    year, month = text.split(".")
    return int(year), int(month)


PEOPLE = (
    Person(
        name="陈一鸣", sex="男", age=29, married="已婚", phone="13800001111",
        jobs=(
            _job("杭州星河科技有限公司/后端开发工程师", "2022.03", "", "22k", "",
                 "负责订单系统的设计与开发，峰值 QPS 3000", "带两名新人，做代码评审"),
            _job("浙江云栈软件股份有限公司/Java开发工程师", "2019.07", "2022.02", "15k",
                 "薪资涨幅太小", "参与支付网关重构", "把接口平均耗时从 300ms 降到 80ms"),
            _job("杭州微光网络/软件工程师", "2017.07", "2019.06", "9k", "公司业务调整",
                 "开发后台管理页面"),
        ),
        expects="25-28k*14薪", city="杭州", start="2026-12-15",
        skills=("Java", "Spring", "MySQL", "Redis"),
        school="浙江工业大学", major="计算机科学与技术", degree="本科", studied=(2013, 2017),
    ),
    Person(
        name="林晓雯", sex="女", age=33, married="已婚已育", phone="13900002222",
        jobs=(
            _job("上海康宁健康管理有限公司/人力资源经理", "2020.05", "2026.08", "18000元/月",
                 "部门撤销", "搭建招聘体系，年招聘 120 人", "推动绩效制度落地"),
            _job("上海启明教育科技有限公司/招聘主管", "2016.09", "2020.04", "11000元/月",
                 "个人发展遇到瓶颈", "负责技术岗位招聘"),
        ),
        expects="20000-23000元/月", city="上海", start="2026年12月1日",
        skills=("招聘", "绩效管理", "劳动法", "Excel"),
        school="华东师范大学", major="人力资源管理", degree="硕士", studied=(2013, 2016),
    ),
    Person(
        name="欧阳雪", sex="女", age=26, married="未婚", phone="13700003333",
        jobs=(
            _job("广州悦食餐饮连锁有限公司/店长", "2023.10", "", "9500元/月", "",
                 "管理 18 人团队，月营业额 60 万", "门店排班与盘点"),
            _job("广州好邻居超市/值班经理", "2021.06", "2023.09", "6500元/月", "上下班通勤太远",
                 "负责收银区日常管理"),
            _job("佛山市顺德区甜心烘焙店/店员", "2019.03", "2021.05", "4200元/月", "想去更大的平台",
                 "接待顾客"),
        ),
        expects="11k", city="广州", start="随时到岗",
        skills=("门店管理", "排班", "成本控制"),
        school="广东轻工职业技术学院", major="连锁经营管理", degree="大专", studied=(2016, 2019),
    ),
    Person(
        name="高远", sex="男", age=38, married="已婚", phone="13600004444",
        jobs=(
            _job("北京中科智联集团/技术总监", "2018.01", "2026.09", "年薪60万", "公司经营困难",
                 "管理 40 人的研发中心", "主持三条产品线的架构升级"),
            _job("联信银行北京分行/高级系统架构师", "2013.04", "2017.12", "25k", "想换行业转型",
                 "核心系统分布式改造"),
            _job("北京博远信息技术有限公司/软件开发工程师", "2010.07", "2013.03", "8k",
                 "待遇偏低", "银行柜面系统开发"),
        ),
        expects="年薪70万", city="北京", start="2027-01-04",
        skills=("架构设计", "团队管理", "Go", "Kubernetes"),
        school="北京理工大学", major="软件工程", degree="硕士", studied=(2007, 2010),
    ),
    Person(
        name="苏梅", sex="女", age=31, married="离异", phone="13500005555",
        jobs=(
            _job("成都锦城会计师事务所/审计主管", "2021.11", "", "13k", "",
                 "负责制造业客户年审", "复核底稿"),
            _job("四川大地物流有限公司/成本会计", "2018.08", "2021.10", "7500元/月",
                 "经常加班，强度太大", "核算运输成本"),
            _job("成都市武侯区民生小额贷款有限公司/出纳", "2016.07", "2018.07", "4500元/月",
                 "合同到期", "日常收付款"),
        ),
        expects="15-17k", city="成都", start="2026/12/20",
        skills=("注册会计师", "用友", "税务筹划"),
        school="西南财经大学", major="会计学", degree="本科", studied=(2012, 2016),
    ),
    Person(
        name="诸葛明", sex="男", age=24, married="未婚", phone="13400006666",
        jobs=(
            _job("深圳市鹏腾电子有限公司/测试工程师", "2025.07", "", "12k", "",
                 "编写自动化用例 400 条"),
            _job("深圳前海数链科技/测试实习生", "2024.09", "2025.06", "", "实习期满",
                 "执行回归测试，提交缺陷 90 个"),
        ),
        expects="14k*13薪", city="深圳", start="一个月内",
        skills=("Python", "Selenium", "JMeter"),
        school="深圳大学", major="电子信息工程", degree="本科", studied=(2021, 2025),
    ),
    Person(
        name="白露", sex="女", age=35, married="已婚", phone="13300007777",
        jobs=(
            _job("苏州工业园区明德双语学校/英语教师", "2019.08", "2026.07", "14k",
                 "与上级的管理方式不合", "教授初中英语，三年带两届毕业班", "组织英语节"),
            _job("新视界语言培训中心/英语讲师", "2013.09", "2019.07", "9k", "机构搬迁，通勤太远",
                 "雅思口语课程"),
        ),
        expects="16k", city="苏州", start="2027-02-20",
        skills=("英语教学", "课程设计", "班级管理"),
        school="苏州大学", major="英语", degree="本科", studied=(2009, 2013),
    ),
    Person(
        name="马骏", sex="男", age=42, married="已婚", phone="13200008888",
        jobs=(
            _job("武汉华昌汽车零部件有限公司/生产主管", "2017.03", "", "12500元/月", "",
                 "管理冲压车间三条线，人均产出提升 18%", "推行 5S"),
            _job("东风精工机械厂/班组长", "2009.05", "2017.02", "6800元/月", "工厂搬迁外地",
                 "排产与设备点检"),
            _job("武汉新力模具厂/操作工", "2004.09", "2009.04", "", "想学更多技术", "数控车床操作"),
        ),
        expects="15000元/月", city="武汉", start="2026-12-10",
        skills=("精益生产", "数控", "AutoCAD"),
        school="武汉船舶职业技术学院", major="机电一体化", degree="大专", studied=(2001, 2004),
    ),
    Person(
        name="司徒静怡", sex="女", age=28, married="未婚", phone="13100009999",
        jobs=(
            _job("Nimbus Technology Co., Ltd/产品经理", "2023.02", "2026.10", "24k",
                 "被裁员", "负责企业协作产品从 0 到 1", "访谈客户 60 家"),
            _job("字跃互动（北京）科技有限公司/产品助理", "2020.07", "2023.01", "13k",
                 "晋升空间有限", "撰写需求文档"),
        ),
        expects="28k*15薪", city="北京", start="2026-12-01",
        skills=("Axure", "SQL", "用户研究"),
        school="中国传媒大学", major="数字媒体技术", degree="本科", studied=(2016, 2020),
    ),
    Person(
        name="郑海", sex="男", age=30, married="已婚", phone="18800001212",
        jobs=(
            _job("宁波港联国际货运代理有限公司/销售代表", "2022.06", "", "8k", "",
                 "开发欧美航线客户 35 家"),
            _job("宁波海天外贸公司/外贸业务员", "2019.01", "2022.05", "6500元/月",
                 "提成变化，收入下降",
                 "参加广交会，年成交 200 万美元"),
            _job("舟山远洋渔业集团/仓管员", "2016.08", "2018.12", "4000元/月", "", "出入库管理"),
        ),
        expects="10-12k", city="宁波", start="2027-01-10",
        skills=("外贸", "报关", "英语六级"),
        school="宁波职业技术学院", major="国际贸易", degree="大专", studied=(2013, 2016),
    ),
)  # fmt: skip
